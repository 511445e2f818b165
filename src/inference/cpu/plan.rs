//! Where every result of a graph lies: sizes, parts of a join written in place, buffers used again.

use crate::inference::cpu::map::Layout;
use crate::inference::graph::{Graph, NodeId, Op};

/// A place for every node of a graph.
#[derive(Clone, Debug)]
pub struct Plan {
    pub places: Vec<Place>,
    /// Numbers in each buffer.
    pub buffer_lens: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub buffer: usize,
    pub layout: Layout,
    /// Whether the node is written into the join that reads it; then the join has nothing to copy of it.
    pub joined_to: Option<NodeId>,
}

impl Plan {
    /// For pictures of `rows` × `cols`. `None` when a picture is too small for the graph.
    pub fn new(graph: &Graph, rows: usize, cols: usize) -> Option<Self> {
        let sizes = sizes(graph, rows, cols)?;
        let joins = joins(graph);
        let n_nodes = graph.nodes().len();
        let placed: Vec<(usize, usize)> = (0..n_nodes).map(|node| root(&joins, node)).collect();
        let lives = lives(graph, &placed);
        let len_of = |root: usize| {
            let (rows, cols) = sizes[root];
            rows * cols * graph.n_channels(NodeId(root))
        };
        let (buffers, buffer_lens) = assign(&lives, len_of);
        let place = |node: usize| {
            let (root, offset) = placed[node];
            let ((rows, cols), channels) = (sizes[node], graph.n_channels(NodeId(node)));
            let layout = Layout { rows, cols, channels, offset, step: graph.n_channels(NodeId(root)) };
            Place { buffer: buffers[root], layout, joined_to: joins[node].map(|(join, _)| NodeId(join)) }
        };
        Some(Self { places: (0..n_nodes).map(place).collect(), buffer_lens })
    }
}

fn sizes(graph: &Graph, rows: usize, cols: usize) -> Option<Vec<(usize, usize)>> {
    let mut sizes = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let inputs: Vec<(usize, usize)> = node.op.inputs().iter().map(|id| sizes[id.0]).collect();
        let (rows, cols) = inputs.first().copied().unwrap_or((rows, cols));
        if matches!(node.op, Op::Concat(_)) && inputs.iter().any(|size| *size != (rows, cols)) {
            return None;
        }
        let size = (node.op.size(rows)?, node.op.size(cols)?);
        if let Op::Conv { residual: Some(residual), .. } = &node.op
            && sizes[residual.0] != size
        {
            return None;
        }
        if size.0 == 0 || size.1 == 0 {
            return None;
        }
        sizes.push(size);
    }
    Some(sizes)
}

/// For each node the join it is written into, and from which channel on.
fn joins(graph: &Graph) -> Vec<Option<(usize, usize)>> {
    let mut joins: Vec<Option<(usize, usize)>> = vec![None; graph.nodes().len()];
    for (join, node) in graph.nodes().iter().enumerate().rev() {
        let Op::Concat(parts) = &node.op else { continue };
        let mut offset = 0;
        for part in parts {
            let is_input = matches!(graph.nodes()[part.0].op, Op::Input);
            if joins[part.0].is_none() && !is_input {
                joins[part.0] = Some((join, offset));
            }
            offset += graph.n_channels(*part);
        }
    }
    // A step must not write where it reads; what a join holds already it does not read.
    for (i, node) in graph.nodes().iter().enumerate() {
        let is_join = matches!(node.op, Op::Concat(_));
        let own = root(&joins, i).0;
        let is_read = |input: &NodeId| !(is_join && joins[input.0].is_some_and(|(join, _)| join == i));
        if node.op.inputs().iter().filter(|input| is_read(input)).any(|input| root(&joins, input.0).0 == own) {
            joins[i] = None;
        }
    }
    joins
}

/// The node whose buffer a node lies in, and from which channel on.
fn root(joins: &[Option<(usize, usize)>], node: usize) -> (usize, usize) {
    let (mut node, mut offset) = (node, 0);
    while let Some((join, from)) = joins[node] {
        node = join;
        offset += from;
    }
    (node, offset)
}

/// First write and last read of each root's buffer; `None` for nodes that have none.
fn lives(graph: &Graph, placed: &[(usize, usize)]) -> Vec<Option<(usize, usize)>> {
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; placed.len()];
    let mut touch = |root: usize, at: usize| {
        let life = lives[root].get_or_insert((at, at));
        *life = (life.0.min(at), life.1.max(at));
    };
    for (i, node) in graph.nodes().iter().enumerate() {
        touch(placed[i].0, i);
        for input in node.op.inputs() {
            touch(placed[input.0].0, i);
        }
    }
    lives
}

/// A buffer per root: the smallest free one that is large enough, else the largest free one, grown, else a new one.
fn assign(lives: &[Option<(usize, usize)>], len_of: impl Fn(usize) -> usize) -> (Vec<usize>, Vec<usize>) {
    let mut buffers = vec![0; lives.len()];
    // Length, and the step after which the buffer is free.
    let mut known: Vec<(usize, usize)> = Vec::new();
    let mut by_birth: Vec<(usize, usize, usize)> =
        lives.iter().enumerate().filter_map(|(root, life)| life.map(|(first, last)| (first, last, root))).collect();
    by_birth.sort_unstable();
    for (first, last, root) in by_birth {
        let len = len_of(root);
        let free = || known.iter().enumerate().filter(|(_, (_, until))| *until < first);
        let fitting = free().filter(|(_, (had, _))| *had >= len).min_by_key(|(_, (had, _))| *had);
        let chosen = fitting.or_else(|| free().max_by_key(|(_, (had, _))| *had)).map(|(i, _)| i);
        let chosen = chosen.unwrap_or_else(|| {
            known.push((0, 0));
            known.len() - 1
        });
        known[chosen] = (known[chosen].0.max(len), last);
        buffers[root] = chosen;
    }
    (buffers, known.into_iter().map(|(len, _)| len).collect())
}
