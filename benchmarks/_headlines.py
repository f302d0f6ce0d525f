"""One sentence for each benchmark on accuracy: its main figure, with its spread.

A function gets the results of the benchmark's files, and returns the sentence.
"""

from collections import Counter

import numpy as np
from _comparison import lead_rows
from _paired_leads import error_of_mean
from _selection_tables import LABELLED
from _selection_tables import lead_rows as selection_rows

__all__ = ["HEADLINES", "mean_and_error"]


def mean_and_error(values, digits=1, plus="+"):
    """Return the mean ± its standard error, values being independent."""
    error = error_of_mean(values)
    return f"{np.mean(values):{plus}z.{digits}f} ± {error:.{digits}f}"


VERDICTS = {
    "tail only": "the power law fits only a tail of less than half of the units",
    "power law rejected": "the power law is rejected",
}


def over_sets(ours, theirs):
    """Return the mean difference over the sets that both have, in points."""
    names = [name for name in ours if name in theirs]
    found = mean_and_error([100 * (ours[name] - theirs[name]) for name in names])
    return f"{found} points over {len(names)} sets"


def accuracy(results):
    """SETClassifier's leads where columns are standardised."""
    told = leads(results, "accuracy", "static", "RandomForest")
    return f"accuracy of SETClassifier less that of {told}"


def regression(results):
    """SETRegressor's leads in R2 where columns are standardised."""
    return f"R2 of SETRegressor less that of {leads(results, 'R2', 'RidgeCV')}"


def leads(results, measure, *others):
    """Return the leads over others and MLP where columns are standardised."""
    _, *rows = lead_rows(results, measure, "column")
    cells = {row[0]: row for row in rows}
    told = [f"{name} {cells[f'{name}, all'][2]}" for name in (*others, "MLP")]
    n_sets = cells["MLP, all"][1]
    unit = ", in points" if measure == "accuracy" else ""
    return f"{', of '.join(told)}{unit}; {n_sets} sets, standardised columns"


def auto_defaults(search, held):
    """Tell the rules' lead over fixed defaults, on sets that had no part in them."""
    found = {
        model: {r["set"]: r["accuracy"] for r in held if r["model"] == model}
        for model in ("rule", "fixed")
    }
    lead = over_sets(found["rule"], found["fixed"])
    return f"defaults that follow the data less fixed ones: {lead} held back"


def defaults(results):
    """Tell a static topology against an evolving one."""
    ours, static = (
        {name: of[variant]["mean"] for name, of in results["sets"].items()}
        for variant in ("defaults", "method static")
    )
    return f"the defaults less the same, static: {over_sets(ours, static)}"


def lbfgs(results):
    """Tell what evolving between rounds of L-BFGS gains."""
    evolved, static = (
        100 * np.mean(results[f"{name}, alpha 1.0, max_iter 200"], axis=1)
        for name in ("rounds of 20", "static")
    )
    told = mean_and_error(evolved - static)
    return f"rounds of 20 less static, alpha 1: {told} points over {len(static)} tables"


def strategies(results):
    """Tell the methods' leads where connections are scarcest."""
    sets = results["extreme"]["tables"]

    def means(method):
        return {
            name: np.mean(list(table[method]["accuracies"].values()))
            for name, table in sets.items()
        }

    told = [
        f"{method}: {over_sets(means(name), means('static'))}"
        for name, method in (("set", "SET"), ("rigl", "RigL"))
    ]
    title = "three layers of 1,000 at epsilon 1, accuracy less that of static"
    return f"{title}. {', '.join(told)}"


def degrees(results):
    """Tell what the last fits said of a power law."""
    last = [fit for run in results for fit in run["fits"][-1]]
    counts = Counter(fit["verdict"].split(":")[0] for fit in last)
    told = [f"in {n} {VERDICTS.get(name, name)}" for name, n in counts.most_common()]
    return f"{len(last)} fits after the last epoch, one seed: {', '.join(told)}"


def selection(results):
    """Tell the leads of 50 columns with labels."""
    header, *_, means = selection_rows(results, "QS supervised", LABELLED)
    cells = dict(zip(header, means, strict=True))
    told = [f"{name} {cells[f'over {name}']}" for name in ("f_classif", "ExtraTrees")]
    return (
        f"accuracy with labels, less that of {', of '.join(told)}, in points; "
        f"{len(results['sets'])} sets"
    )


def selection_defaults(unsupervised, supervised):
    """Tell what the defaults gain over another importance, with labels."""
    accuracy = supervised["accuracy"]
    lead = over_sets(accuracy["defaults"], accuracy["strength"])
    return f"with labels, the default importance less strength: {lead}"


def stable_selection(results):
    """Tell true and false columns of each case with true ones."""
    told = []
    titles = {"stable": "StableSelection", "50 by QuickSelection": "QuickSelection(50)"}
    for case, title in titles.items():
        own = [r for r in results if r["case"] == case and r["n_true"]]
        told.append(
            f"{title}: {spread([r['found'] for r in own])} of 50 found, "
            f"{spread([r['false'] for r in own])} false ({n_seeds(len(own))})"
        )
    return "; ".join(told)


def n_seeds(number):
    """Return a number of seeds in words."""
    return "one seed" if number == 1 else f"{number} seeds"


def spread(values):
    """Return the least and the greatest of some whole numbers."""
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low} to {high}"


def number_of_features(results):
    """Tell the lead of "auto" over 50 columns, on published sets with classes."""
    sets = list(dict.fromkeys(r["set"] for r in results))
    auto, fifty = (
        {
            name: np.mean([r["accuracy"][way] for r in results if r["set"] == name])
            for name in sets
            if not name.startswith(("numbers", "made of"))
        }
        for way in ("auto", "50")
    )
    lead = over_sets(auto, fifty)
    return f'"auto" less 50 columns: {lead} that are published'


def rbm(results):
    """Test log-likelihood of one set."""
    table = results["likelihood"]["ocr_letters, 500 hidden, 100 epochs"]
    titles = {"SET": "SparseRBM", "static": "static", "Bernoulli": "BernoulliRBM"}
    told = [
        f"{title}: {table[name]['test']['mean']:.1f} "
        f"± {table[name]['test']['deviation']:.1f}"
        for name, title in titles.items()
    ]
    return f"nats on ocr_letters, mean ± deviation of 3 seeds. {', '.join(told)}"


def rbm_defaults(results):
    """Tell what a static topology loses."""
    found = {str(r["variant"]): r["log_likelihood"] for r in results}
    evolved, static = found["{}"], found["{'method': 'static'}"]
    gain = mean_and_error([evolved[name] - static[name] for name in evolved])
    return f"the defaults less the same, static: {gain} nats over {len(evolved)} sets"


def continual(results):
    """Accuracy at the end over all tasks, of two learners."""

    def means(learner):
        own = [r for r in results if r["set"] == "split_isolet"]
        return [
            100 * np.mean(r["accuracies"][-1]) for r in own if r["learner"] == learner
        ]

    told = [
        f"{title}: {mean_and_error(means(name), plus='')} %"
        for name, title in (
            ("when_full", "ContinualSETClassifier"),
            ("naive_tuned", "one network, tuned"),
        )
    ]
    return f"split isolet, 5 seeds, all tasks at the end. {', '.join(told)}"


def set_cnn(results):
    """Tell the head with 2 % of the weights, on Fashion-MNIST."""

    def best(model):
        own = [
            r for r in results if r["model"] == model and r["set"] == "fashion_mnist"
        ]
        rates = {r["rate"] for r in own}
        scores = [
            {r["seed"]: 100 * r["accuracy"] for r in own if r["rate"] == rate}
            for rate in rates
        ]
        return max(scores, key=lambda found: np.mean(list(found.values())))

    sparse, dense = best("SET, 2 %"), best("dense")
    both = sorted(sparse.keys() & dense.keys())
    lead = mean_and_error([sparse[seed] - dense[seed] for seed in both])
    return (
        f"Fashion-MNIST, 5,000 rows: a head with 2 % of the weights less the dense one "
        f"{lead} points ({len(both)} seeds, the best rate of each)"
    )


def averages(results):
    """Tell the average of four networks of common origin."""
    told = []
    for wanted in ("isolet", "mnist"):
        found = {
            (group, kind): np.multiply(100, scores)
            for name, group, kind, scores in results
            if name == wanted
        }
        gain = found["common origin", "average"] - found["one network", "all rows"]
        told.append(f"{wanted}: {mean_and_error(gain, 2)}")
    title = "average of four of common origin, less one network"
    return f"{title}, in points. {', '.join(told)}"


def many_workers(results):
    """Tell what two and four shards lose, averaged after each epoch."""
    scores = {
        (r["set"], r["shards"], r["seed"]): 100 * r["accuracy"]
        for r in results
        if r.get("local") == 1 and not (r["lone"] or r["own"])
    }
    told = []
    for name in ("isolet", "higgs_subset", "mnist"):
        seeds = sorted({seed for of, _, seed in scores if of == name})
        leads = [
            mean_and_error([scores[name, n, s] - scores[name, 1, s] for s in seeds], 2)
            for n in (2, 4)
        ]
        told.append(f"{name}: {leads[0]} and {leads[1]}")
    return f"2 and 4 shards less one worker, in points. {', '.join(told)}"


HEADLINES = {
    sentence.__name__: sentence
    for sentence in (
        *(accuracy, regression, auto_defaults, defaults, lbfgs, strategies, degrees),
        *(selection, selection_defaults, stable_selection, number_of_features),
        *(rbm, rbm_defaults, continual, set_cnn, averages, many_workers),
    )
}
