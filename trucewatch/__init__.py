"""Trucewatch: which clause was broken, where, when, how sure are we, who answers for it, and on whose word.

The route reads from left to right, and each module imports only what stands before it:

    source -> report -> claim -> incident -> finding -> sitrep

From a notebook:

    import trucewatch

    done = trucewatch.assess_files(["ged.csv.gz"], source="ucdp", agreement="south-syria-2017", period="2018")
    done.findings             # a Polars frame, one row for each finding
    done.finding(some_id)     # one of them, with its reasons
    done.to_geopandas()       # with geometry, where geopandas is installed
    done.publish("out/real")  # the sitrep and its tables
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trucewatch.leads import leads_of
    from trucewatch.mission import Assessment, Finding, Mission, assess_files, check, open_agreement, open_source
    from trucewatch.problems import Problem, TrucewatchError
    from trucewatch.traces import trace

__all__ = [
    "Assessment",
    "Finding",
    "Mission",
    "Problem",
    "TrucewatchError",
    "assess_files",
    "check",
    "leads_of",
    "open_agreement",
    "open_source",
    "trace",
]


def __getattr__(name: str) -> Any:
    # The names are opened at first use, so that the command line can show its help without the whole route.
    if name not in __all__:
        raise AttributeError(f"module 'trucewatch' has no attribute '{name}'")
    elsewhere = {"Problem": "problems", "TrucewatchError": "problems", "leads_of": "leads", "trace": "traces"}
    module = elsewhere.get(name, "mission")
    return getattr(import_module(f"trucewatch.{module}"), name)


def __dir__() -> list[str]:
    return __all__
