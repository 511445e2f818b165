//! A document for print: headings, lines of facts, tables and pictures set on pages of A4, with a foot on each that says
//! what it is, which page, and for what use only.

use krilla::Document as KrillaDocument;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::TextDirection;

use crate::domain::RESEARCH_USE_ONLY;
use crate::export::error::ExportError;
use crate::export::pdf::lettering::Lettering;

/// A4, points.
const PAGE: [f32; 2] = [595.28, 841.89];
const MARGIN: f32 = 48.0;
const FOOT_HEIGHT: f32 = 40.0;
const FOOT: f32 = 7.5;
const BODY: f32 = 9.0;
/// From one base line to the next, as a part of the size.
const LEADING: f32 = 1.35;
const CELL_PADDING: f32 = 4.0;

type Ink = [u8; 3];
const BLACK: Ink = [20, 20, 24];
const GRAY: Ink = [96, 98, 106];
const RULE: Ink = [200, 202, 208];
const SHADE: Ink = [240, 241, 244];

enum Mark {
    Text { at: [f32; 2], size: f32, ink: Ink, text: String },
    Box { at: [f32; 2], extent: [f32; 2], ink: Ink },
    Picture { at: [f32; 2], extent: [f32; 2], index: usize },
}

/// A picture of `width` × `height` pixels, R, G, B, row-major.
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

/// A column of a table: its head and its part of the width.
pub struct Column<'a> {
    pub head: &'a str,
    pub share: f32,
}

/// A document under construction. What does not fit a page goes on to the next.
pub struct PdfDocument {
    title: String,
    /// Whose it is, for the foot of every page.
    whose: String,
    lettering: Lettering,
    pages: Vec<Vec<Mark>>,
    pictures: Vec<Picture>,
    /// Of the next line's top, from the page's top.
    y: f32,
}

impl PdfDocument {
    /// `title` stands at the top and in every foot, `whose` beside it.
    pub fn new(title: &str, whose: &str) -> Self {
        let lettering = Lettering::bundled();
        let mut document = Self {
            title: title.to_owned(),
            whose: whose.to_owned(),
            lettering,
            pages: vec![Vec::new()],
            pictures: Vec::new(),
            y: MARGIN,
        };
        document.lines(title, 17.0, BLACK);
        document.lines(RESEARCH_USE_ONLY, BODY + 1.0, GRAY);
        document.space(6.0);
        document
    }

    pub fn heading(&mut self, text: &str) {
        self.space(10.0);
        // Not alone at the foot of a page
        self.make_room(60.0);
        self.lines(text, 12.0, BLACK);
        self.rule();
        self.space(4.0);
    }

    pub fn paragraph(&mut self, text: &str) {
        self.lines(text, BODY, BLACK);
        self.space(3.0);
    }

    pub fn note(&mut self, text: &str) {
        self.lines(text, BODY - 1.0, GRAY);
        self.space(2.0);
    }

    /// Names and values, a line each; an empty value is a dash.
    pub fn facts(&mut self, facts: &[(&str, &str)]) {
        const NAME_WIDTH: f32 = 120.0;
        for (name, value) in facts {
            let value = if value.trim().is_empty() { "–" } else { value };
            let lines = self.lettering.wrapped(value, BODY, self.width() - NAME_WIDTH);
            self.make_room(BODY * LEADING * lines.len() as f32);
            let top = self.y;
            self.text([MARGIN, top], BODY, GRAY, name);
            for line in &lines {
                let y = self.y;
                self.text([MARGIN + NAME_WIDTH, y], BODY, BLACK, line);
                self.y += BODY * LEADING;
            }
        }
        self.space(4.0);
    }

    /// Rows of cells; heads are repeated on every page.
    pub fn table(&mut self, columns: &[Column<'_>], rows: &[Vec<String>]) {
        let total: f32 = columns.iter().map(|column| column.share).sum();
        let widths: Vec<f32> = columns.iter().map(|column| self.width() * column.share / total.max(1e-6)).collect();
        let heads: Vec<String> = columns.iter().map(|column| column.head.to_owned()).collect();
        self.row(&heads, &widths, Some(SHADE));
        for row in rows {
            if self.row_height(row, &widths) > self.room() {
                self.new_page();
                self.row(&heads, &widths, Some(SHADE));
            }
            self.row(row, &widths, None);
        }
        self.space(6.0);
    }

    /// As wide as the page allows, or as `max_height` does; with a line of text below.
    pub fn picture(&mut self, picture: Picture, max_height: f32, caption: &str) {
        if picture.width == 0 || picture.height == 0 {
            return;
        }
        let (width, height) = (picture.width as f32, picture.height as f32);
        let scale = (self.width() / width).min(max_height.min(PAGE[1] - 2.0 * MARGIN - 60.0) / height);
        let extent = [width * scale, height * scale];
        self.make_room(extent[1] + 24.0);
        let mark = Mark::Picture { at: [MARGIN, self.y], extent, index: self.pictures.len() };
        self.pictures.push(picture);
        self.put(mark);
        self.y += extent[1] + 4.0;
        self.note(caption);
    }

    pub fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// The file's bytes. The same document gives the same bytes.
    pub fn finish(self) -> Result<Vec<u8>, ExportError> {
        let Self { title, whose, lettering, pages, pictures, .. } = self;
        let mut document = KrillaDocument::new();
        let metadata = Metadata::new().title(title.clone()).creator(crate::export::pdf::MAKER.to_owned());
        document.set_metadata(metadata.language("en".to_owned()));
        let images: Vec<Image> = pictures.into_iter().map(image).collect();
        let n_pages = pages.len();
        let settings = PageSettings::from_wh(PAGE[0], PAGE[1]);
        for (index, marks) in pages.iter().enumerate() {
            let Some(settings) = settings.clone() else { continue };
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, mark, &lettering, &images);
            }
            let number = format!("page {} of {n_pages}", index + 1);
            let y = PAGE[1] - FOOT_HEIGHT;
            let number_width = lettering.width(&number, FOOT);
            draw_text(&mut surface, [PAGE[0] - MARGIN - number_width, y], FOOT, GRAY, &number, &lettering);
            let all = if whose.is_empty() { title.clone() } else { format!("{title} · {whose}") };
            let room = PAGE[0] - 2.0 * MARGIN - number_width - 12.0;
            let foot = lettering.wrapped(&all, FOOT, room).into_iter().next().unwrap_or_default();
            draw_text(&mut surface, [MARGIN, y], FOOT, GRAY, &foot, &lettering);
            draw_text(&mut surface, [MARGIN, y + FOOT * LEADING], FOOT, GRAY, RESEARCH_USE_ONLY, &lettering);
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|error| ExportError::Picture(format!("the PDF could not be written: {error:?}")))
    }

    fn width(&self) -> f32 {
        PAGE[0] - 2.0 * MARGIN
    }

    fn room(&self) -> f32 {
        PAGE[1] - FOOT_HEIGHT - 24.0 - self.y
    }

    fn make_room(&mut self, height: f32) {
        if height > self.room() && self.y > MARGIN {
            self.new_page();
        }
    }

    fn space(&mut self, height: f32) {
        self.y += height;
    }

    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn text(&mut self, at: [f32; 2], size: f32, ink: Ink, text: &str) {
        self.put(Mark::Text { at, size, ink, text: text.to_owned() });
    }

    fn lines(&mut self, text: &str, size: f32, ink: Ink) {
        for line in self.lettering.wrapped(text, size, self.width()) {
            self.make_room(size * LEADING);
            let y = self.y;
            self.text([MARGIN, y], size, ink, &line);
            self.y += size * LEADING;
        }
    }

    fn rule(&mut self) {
        let (at, extent) = ([MARGIN, self.y], [self.width(), 0.6]);
        self.put(Mark::Box { at, extent, ink: RULE });
        self.y += 2.0;
    }

    fn cell_lines(&self, cells: &[String], widths: &[f32]) -> Vec<Vec<String>> {
        let lines = |(cell, width): (&String, &f32)| self.lettering.wrapped(cell, BODY, width - 2.0 * CELL_PADDING);
        cells.iter().zip(widths).map(lines).collect()
    }

    fn row_height(&self, cells: &[String], widths: &[f32]) -> f32 {
        let n_lines = self.cell_lines(cells, widths).iter().map(Vec::len).max().unwrap_or(1);
        BODY * LEADING * n_lines as f32 + 2.0 * CELL_PADDING
    }

    fn row(&mut self, cells: &[String], widths: &[f32], shade: Option<Ink>) {
        let (height, lines) = (self.row_height(cells, widths), self.cell_lines(cells, widths));
        self.make_room(height);
        if let Some(ink) = shade {
            let (at, extent) = ([MARGIN, self.y], [self.width(), height]);
            self.put(Mark::Box { at, extent, ink });
        }
        let mut x = MARGIN;
        for (cell, width) in lines.iter().zip(widths) {
            for (n, line) in cell.iter().enumerate() {
                let at = [x + CELL_PADDING, self.y + CELL_PADDING + BODY * LEADING * n as f32];
                self.text(at, BODY, BLACK, line);
            }
            x += width;
        }
        self.y += height;
        let (at, extent) = ([MARGIN, self.y - 0.3], [self.width(), 0.5]);
        self.put(Mark::Box { at, extent, ink: RULE });
    }
}

fn image(picture: Picture) -> Image {
    let Picture { width, height, rgb } = picture;
    let mut rgba: Vec<u8> = rgb.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    rgba.resize(width as usize * height as usize * 4, 255);
    Image::from_rgba8(rgba, width, height)
}

fn fill([red, green, blue]: Ink) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        opacity: krilla::num::NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, lettering: &Lettering, images: &[Image]) {
    match mark {
        Mark::Text { at, size, ink, text } => draw_text(surface, *at, *size, *ink, text, lettering),
        Mark::Box { at, extent, ink } => {
            let mut path = PathBuilder::new();
            let Some(rect) = Rect::from_xywh(at[0], at[1], extent[0], extent[1]) else { return };
            path.push_rect(rect);
            if let Some(path) = path.finish() {
                surface.set_fill(Some(fill(*ink)));
                surface.draw_path(&path);
            }
        }
        Mark::Picture { at, extent, index } => {
            let size = Size::from_wh(extent[0], extent[1]);
            let (Some(image), Some(size)) = (images.get(*index), size) else { return };
            surface.push_transform(&Transform::from_translate(at[0], at[1]));
            surface.draw_image(image.clone(), size);
            surface.pop();
        }
    }
}

/// `at`: the left end of the line's top.
fn draw_text(surface: &mut Surface<'_>, at: [f32; 2], size: f32, ink: Ink, text: &str, lettering: &Lettering) {
    surface.set_fill(Some(fill(ink)));
    let base = at[1] + size;
    for piece in lettering.pieces(text, size) {
        let start = Point::from_xy(at[0] + piece.x, base);
        surface.draw_text(start, piece.font, size, piece.text, false, TextDirection::Auto);
    }
}
