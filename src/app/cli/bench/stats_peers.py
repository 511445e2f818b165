"""What one would use in Python for the same statistics: scikit-learn, a DeLong, DeepMind's surface-distance."""
import json, sys, time
import numpy as np

source = sys.stdin.buffer
header = json.loads(source.readline())


def array(dtype, shape):
    n = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return np.frombuffer(source.read(n), dtype).reshape(shape).copy()


def midranks_by_loop(x):
    """As the well-known public script has it."""
    order = np.argsort(x)
    z, n = x[order], len(x)
    ranks = np.zeros(n)
    i = 0
    while i < n:
        j = i
        while j < n and z[j] == z[i]:
            j += 1
        ranks[i:j] = 0.5 * (i + j - 1)
        i = j
    result = np.empty(n)
    result[order] = ranks + 1
    return result


def delong(scores, truth, midranks):
    from sklearn.metrics import roc_auc_score

    auc = roc_auc_score(truth, scores)
    positives, negatives = scores[truth], scores[~truth]
    m, n = len(positives), len(negatives)
    of_all = midranks(np.concatenate([positives, negatives]))
    of_positives, of_negatives = midranks(positives), midranks(negatives)
    v10 = (of_all[:m] - of_positives) / n
    v01 = 1 - (of_all[m:] - of_negatives) / m
    return [float(auc), float(v10.var(ddof=1) / m + v01.var(ddof=1) / n)]


def bootstrap(scores, truth, n_replicates):
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(1)
    positives, negatives = np.flatnonzero(truth), np.flatnonzero(~truth)
    drawn = []
    for _ in range(n_replicates):
        at = np.concatenate([rng.choice(positives, len(positives)), rng.choice(negatives, len(negatives))])
        drawn.append(roc_auc_score(truth[at], scores[at]))
    return [float(value) for value in np.quantile(drawn, [0.025, 0.975])]


def surfaces(first, second, spacing):
    import scipy.ndimage as ndimage

    # The package was written for NumPy 1 and an older scipy.
    np.Inf, np.NaN = np.inf, np.nan
    ndimage.filters = ndimage.morphology = ndimage
    import surface_distance

    distances = surface_distance.compute_surface_distances(first, second, spacing)
    average = surface_distance.compute_average_surface_distance(distances)
    return [
        float(average[0]),
        float(average[1]),
        float(surface_distance.compute_robust_hausdorff(distances, 100)),
        float(surface_distance.compute_robust_hausdorff(distances, 95)),
        float(surface_distance.compute_surface_dice_at_tolerance(distances, 1.0)),
    ]


task = header["task"]
if task == "surfaces":
    masks = [array(np.uint8, header["dims"]).astype(bool) for _ in range(2)]
    work = lambda: surfaces(*masks, header["spacing_mm"])
else:
    scores, truth = array("<f8", [header["n"]]), array(np.uint8, [header["n"]]).astype(bool)
    if task == "bootstrap":
        work = lambda: bootstrap(scores, truth, header["n_replicates"])
    elif task == "delong_loop":
        work = lambda: delong(scores, truth, midranks_by_loop)
    else:
        from scipy.stats import rankdata

        work = lambda: delong(scores, truth, rankdata)

print(json.dumps({"values": work()}), flush=True)
for _ in source:
    began = time.perf_counter()
    work()
    print(json.dumps(time.perf_counter() - began), flush=True)
