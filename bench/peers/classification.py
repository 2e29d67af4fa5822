"""What scikit-learn makes of made scores and features, in float64, for test/golden/classification.json.

    python bench/peers/classification.py > test/golden/classification.json

Row i, column j of the features is sin(0.7 i + 1.3 j + 0.013 i j) + 0.6 y cos(0.9 j), y = 1 where sin(2.1 i + 0.4) > 0.4, else -1.
"""
import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score, top_k_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.svm import LinearSVC

i, j = np.arange(200)[:, None], np.arange(50)[None, :]
y = np.where(np.sin(2.1 * i[:, 0] + 0.4) > 0.4, 1, -1)
x = np.sin(0.7 * i + 1.3 * j + 0.013 * i * j) + 0.6 * y[:, None] * np.cos(0.9 * j)
x = x / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-5)


def machine(cost):
    return LinearSVC(C=cost, class_weight={1: 2, -1: 1}, dual=False, tol=1e-12, max_iter=100000)


svm = {}
for cost in (0.01, 1, 100):
    fitted = machine(cost).fit(x, y)
    svm[str(cost)] = {"scores": fitted.decision_function(x).tolist(), "bias": float(fitted.intercept_[0])}

# The mean cross-entropy of a softmax of two classes with weight decay 0.01 is that of one score with half of it.
standard = (x - x.mean(0)) / x.std(0)
logistic = LogisticRegression(C=2 / (200 * 0.01), tol=1e-12, max_iter=100000).fit(standard, y)

n = np.arange(300)
truth = (np.sin(1.7 * n + 0.2) > 0.5).astype(int)
scores = np.sin(0.61 * n + 0.3) + 0.5 * truth
tied = np.round(scores * 4) / 4
classes = 7
logits = np.sin(0.37 * (n[:, None] * classes + np.arange(classes)[None, :]) ** 1.3)
labels = (n * n + n // 3) % classes
logits[n, labels] += 0.4

print(json.dumps({
    "about": "scikit-learn, float64: python bench/peers/classification.py > test/golden/classification.json; inputs from sines, written there.",
    "averagePrecision": average_precision_score(truth, scores),
    "averagePrecisionTied": average_precision_score(truth, tied),
    "areaUnderCurve": roc_auc_score(truth, tied),
    "top1": top_k_accuracy_score(labels, logits, k=1),
    "top5": top_k_accuracy_score(labels, logits, k=5),
    "classMean": balanced_accuracy_score(labels, logits.argmax(1)),
    "folds": [int(f) for f in np.argmax([np.isin(np.arange(200), t) for _, t in StratifiedKFold(3).split(x, y)], axis=0)],
    "crossValidation": {str(c): cross_val_score(machine(c), x, y, cv=3, scoring="average_precision").mean() for c in (0.01, 1, 100)},
    "svm": svm,
    "logistic": logistic.decision_function(standard).tolist(),
}))
