"""Optuna beside Espalier: draws points for the problems of bench/search.mjs, which evaluates them.

Reads one study a line as JSON (sampler, seed, directions, space, trials), then for each trial writes {"point": …} and reads {"values": […]};
at the end of a study {"milliseconds": […]}, what each suggestion took. Needs optuna 5, for its Gaussian process also torch and scipy.
"""

import json
import sys
import time

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)

SAMPLERS = {
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "tpe-groups": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed, deterministic_objective=True),
    "nsga2": lambda seed: optuna.samplers.NSGAIISampler(seed=seed),
}


def suggest(trial, space):
    point = {}
    for name, parameter in space.items():
        wanted = parameter.get("when", {})
        if any(point.get(parent) not in (value if isinstance(value, list) else [value]) for parent, value in wanted.items()):
            continue
        if parameter["type"] == "categorical":
            point[name] = trial.suggest_categorical(name, parameter["choices"])
        elif parameter["type"] == "integer":
            point[name] = trial.suggest_int(name, parameter["low"], parameter["high"], log=parameter.get("log", False))
        else:
            point[name] = trial.suggest_float(name, parameter["low"], parameter["high"], log=parameter.get("log", False))
    return point


def say(message):
    print(json.dumps(message), flush=True)


def main():
    say({"version": optuna.__version__})
    for line in sys.stdin:
        asked = json.loads(line)
        study = optuna.create_study(sampler=SAMPLERS[asked["sampler"]](asked["seed"]), directions=asked["directions"])
        milliseconds = []
        for _ in range(asked["trials"]):
            start = time.perf_counter()
            trial = study.ask()
            point = suggest(trial, asked["space"])
            milliseconds.append(round(1000 * (time.perf_counter() - start), 4))
            say({"point": point})
            study.tell(trial, json.loads(sys.stdin.readline())["values"])
        say({"milliseconds": milliseconds})


main()
