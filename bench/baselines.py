"""What scikit-learn reaches where Espalier has goals: python bench/baselines.py [TABLES]        (needs scikit-learn, numpy)

Writes examples/results/sklearn-baselines.json (npm run format lays it out); with TABLES, also the five tables there as CSV, the target in the last
column. Every choice (rate of regularization, kind of trees) is made on the training part of a fold alone.

Folds can be made again in any language:

    sentiment   ten folds; sentence i of the positive file and sentence i of the negative file, counted from 0, are in fold i % 10
    tables      five repeats of five folds. For repeat r, a generator starts at x = r + 1 and steps by x = 48271 * x mod 2147483647 (MINSTD). For each
                class from the smallest label on (regression: all rows at once) the indices of its rows, in order, are shuffled: for k from the last
                place to 1, step, then swap places k and x mod (k + 1). The classes' lists are joined; the row at place p is in fold p % 5.
"""

import csv
import json
import os
import platform
import sys
from pathlib import Path

import numpy as np
import sklearn
from joblib import Parallel, delayed
from sklearn import datasets
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

ROOT = Path(__file__).parent.parent
POLARITY = ROOT.parent / "shared" / "data" / "polarity"
REPEATS, FOLDS, INNER = 5, 5, 3

TABLES = {
    "iris": (datasets.load_iris, {}),
    "wine": (datasets.load_wine, {}),
    "breast cancer": (datasets.load_breast_cancer, {}),
    "digits": (datasets.load_digits, {}),
    "diabetes": (datasets.load_diabetes, {"scaled": False}),
}
# The first of each is scikit-learn's default; "tuned" takes one of the others.
SETTINGS = {
    "GradientBoosting": [
        {},
        {"n_estimators": 100, "learning_rate": 0.1, "subsample": 0.5, "max_features": "sqrt"},
        {"n_estimators": 150, "learning_rate": 0.1, "subsample": 0.5, "max_features": "sqrt", "max_depth": 4},
        {"n_estimators": 100, "learning_rate": 0.05, "subsample": 0.7, "max_features": "sqrt", "max_depth": 2},
    ],
    "HistGradientBoosting": [
        {},
        {"max_iter": 100, "learning_rate": 0.1, "min_samples_leaf": 10, "max_features": 0.3, "l2_regularization": 1},
        {"max_iter": 200, "learning_rate": 0.1, "min_samples_leaf": 5, "max_features": 0.3, "max_leaf_nodes": 7},
        {"max_iter": 100, "learning_rate": 0.05, "min_samples_leaf": 5, "max_leaf_nodes": 4},
    ],
}
MODELS = {
    ("GradientBoosting", False): GradientBoostingClassifier,
    ("GradientBoosting", True): GradientBoostingRegressor,
    ("HistGradientBoosting", False): HistGradientBoostingClassifier,
    ("HistGradientBoosting", True): HistGradientBoostingRegressor,
}
TOKENS = {"words": r"(?u)\b\w\w+\b", "tokens": r"\S+"}
RATES = [1, 2, 4, 8, 16, 32, 64, 128]


def table_folds(y, regression, repeat, count=FOLDS):
    x = repeat + 1
    joined = []
    for members in [np.arange(len(y))] if regression else [np.flatnonzero(y == label) for label in np.unique(y)]:
        members = members.tolist()
        for k in range(len(members) - 1, 0, -1):
            x = 48271 * x % 2147483647
            j = x % (k + 1)
            members[k], members[j] = members[j], members[k]
        joined += members
    folds = np.empty(len(y), int)
    folds[joined] = np.arange(len(y)) % count
    return folds


def fitted(kind, regression, setting, X, y):
    return MODELS[kind, regression](random_state=0, **setting).fit(X, y)


def chosen(kind, regression, X, y):
    """The setting with the best mean score on three inner folds of the training part; of more than a thousand rows on the first of the three."""
    parts = table_folds(y, regression, 0, INNER)
    held = range(INNER) if len(y) < 1000 else range(1)
    scores = [
        np.mean([fitted(kind, regression, s, X[parts != f], y[parts != f]).score(X[parts == f], y[parts == f]) for f in held])
        for s in SETTINGS[kind][1:]
    ]
    return 1 + int(np.argmax(scores))


def table_fold(X, y, regression, kind, tuned, folds, fold):
    own, rest = folds == fold, folds != fold
    setting = chosen(kind, regression, X[rest], y[rest]) if tuned else 0
    return setting, fitted(kind, regression, SETTINGS[kind][setting], X[rest], y[rest]).score(X[own], y[own])


def table(name, load, options):
    X, y = load(return_X_y=True, **options)
    regression = name == "diabetes"
    folds = [table_folds(y, regression, repeat) for repeat in range(REPEATS)]
    result = {
        "rows": len(y),
        "columns": X.shape[1],
        "score": "R²" if regression else "accuracy",
        "firstFolds": ["".join(map(str, each[:40])) for each in folds],
        "models": {},
    }
    for kind in SETTINGS:
        for tuned in (False, True):
            found = Parallel(n_jobs=2)(
                delayed(table_fold)(X, y, regression, kind, tuned, each, fold) for each in folds for fold in range(FOLDS)
            )
            scores = np.array([score for _, score in found])
            entry = summary(scores)
            entry["scores"] = [[round(s, 6) for s in row] for row in scores.reshape(REPEATS, FOLDS).tolist()]
            if tuned:
                entry["settings"] = np.reshape([setting for setting, _ in found], (REPEATS, FOLDS)).tolist()
            result["models"][kind + (" tuned" if tuned else "")] = entry
            print(name, kind, tuned, entry["mean"], file=sys.stderr, flush=True)
    return result


def summary(scores):
    return {"mean": round(float(scores.mean()), 6), "deviation": round(float(scores.std(ddof=1)), 6)}


def sentences():
    """Split at line feeds only: some sentences hold the Latin-1 character NEL, at which str.splitlines would break them."""
    texts, labels, numbers = [], [], []
    for label, file in enumerate(("rt-polarity.neg", "rt-polarity.pos")):
        lines = (POLARITY / file).read_bytes().decode("latin-1").split("\n")[:-1]
        texts += lines
        labels += [label] * len(lines)
        numbers += range(len(lines))
    return np.array(texts, object), np.array(labels), np.array(numbers)


def regression(pattern, rate):
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=pattern), LogisticRegression(C=rate, max_iter=1000)
    )


def sentiment_fold(pattern, texts, labels, numbers, fold):
    """The rate is chosen on three parts of the nine training folds: sentence i is in part i // 10 % 3."""
    own, rest = numbers % 10 == fold, numbers % 10 != fold
    part = numbers // 10 % INNER
    scores = np.zeros(len(RATES))
    for inner in range(INNER):
        learn, check = rest & (part != inner), rest & (part == inner)
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=pattern)
        a, b = vectors.fit_transform(texts[learn]), vectors.transform(texts[check])
        scores += [LogisticRegression(C=rate, max_iter=1000).fit(a, labels[learn]).score(b, labels[check]) for rate in RATES]
    rate = RATES[int(np.argmax(scores))]
    return rate, regression(pattern, rate).fit(texts[rest], labels[rest]).score(texts[own], labels[own])


def sentiment():
    texts, labels, numbers = sentences()
    result = {"sentences": len(texts), "score": "accuracy", "models": {}}
    for name, pattern in TOKENS.items():
        found = Parallel(n_jobs=2)(delayed(sentiment_fold)(pattern, texts, labels, numbers, fold) for fold in range(10))
        scores = np.array([score for _, score in found])
        entry = {**summary(scores), "scores": [round(score, 6) for score in scores.tolist()], "C": [rate for rate, _ in found]}
        result["models"][f"logistic regression, TF-IDF of 1-2-grams of {name}"] = entry
        print("sentiment", name, entry, file=sys.stderr, flush=True)
    return result


def write_tables(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (load, options) in TABLES.items():
        bunch = load(**options)
        target = bunch.target if name == "diabetes" else [str(bunch.target_names[each]) for each in bunch.target]
        with open(folder / f"{name.replace(' ', '-')}.csv", "w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow([*bunch.feature_names, "target"])
            rows.writerows([*map(short, row), short(t)] for row, t in zip(bunch.data.tolist(), target))


def short(value):
    return int(value) if not isinstance(value, str) and value == int(value) else value


if __name__ == "__main__":
    # Two processes of one thread each: the same trees on any machine.
    os.environ["OMP_NUM_THREADS"] = "1"
    if len(sys.argv) > 1:
        write_tables(Path(sys.argv[1]))
    result = {
        "versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "sentiment": sentiment(),
        "settings": SETTINGS,
        "tables": {name: table(name, *each) for name, each in TABLES.items()},
    }
    out = ROOT / "examples" / "results" / "sklearn-baselines.json"
    out.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
