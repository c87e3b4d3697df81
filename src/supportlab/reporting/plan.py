"""Turn what a user asks for into jobs, and refuse what cannot be run before anything starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from supportlab.errors import ParameterError, did_you_mean
from supportlab.reporting.jobs import Job
from supportlab.reporting.names import slug
from supportlab.reporting.parameters import COMMON_PARAMETERS, parameters
from supportlab.reporting.publish import Staging
from supportlab.reporting.request import Plan, Request, Slice
from supportlab.reporting.scanning import own_secrets, value_reason
from supportlab.reporting.secrets import secret_reason
from supportlab.reporting.signature import Signature, read_signature
from supportlab.reporting.source import SourceFacts, no_source

__all__ = ["make_jobs", "make_plan", "make_slices", "page_facts"]


def make_plan(request: Request) -> Plan:
    """
    Read the notebooks' parameters and bind the user's values to them.

    Parameters
    ----------
    request : Request
        What was asked for.

    Returns
    -------
    Plan
        Typed values by study.

    Raises
    ------
    ParameterError
        With all faults at once: names that no notebook has, common parameters that one does
        not have, values ill-typed, out of bounds or looking like secrets.
    """
    signatures = {item.study: read_signature(item.path) for item in request.notebooks}
    faults = _unknown_faults(request, signatures)
    if request.by and request.texts.get(request.by):
        faults.append(f"{request.by}: it is what --by {request.by} sets; leave one of them out")
    for signature in signatures.values():
        faults += signature.faults(_texts_for(request, signature))
    faults += _slice_faults(request, signatures)
    faults += _known_secret_faults([request.texts, *request.slices])
    if faults:
        lines = [f"- {fault}" for fault in dict.fromkeys(faults)]
        raise ParameterError("\n".join(["These parameters cannot be used.", *lines]))
    values = {
        study: signature.bind(_texts_for(request, signature))
        for study, signature in signatures.items()
    }
    common = {name: request.texts.get(name, "") for name in COMMON_PARAMETERS[1:]}
    parameters(data="checked above", **common)
    return Plan(request, signatures, values)


def make_slices(plan: Plan, source: SourceFacts) -> tuple[Slice, ...]:
    """
    List the reports of a run.

    Parameters
    ----------
    plan : Plan
        What was asked for.
    source : SourceFacts
        With the markets in the data.

    Returns
    -------
    tuple of Slice
        One for the whole without ``--by``.

    Raises
    ------
    ParameterError
        When the data have nothing to slice by.
    """
    by = plan.request.by
    if plan.request.slices:
        return _named_slices(plan)
    if not by:
        return (Slice(),)
    if not source.markets:
        raise ParameterError(f"--by {by}: these data name no {by}.")
    return tuple(
        Slice(f"{by}={value}", {by: value}, f"{by}={slug(value)}") for value in source.markets
    )


def _named_slices(plan: Plan) -> tuple[Slice, ...]:
    found = []
    for texts in plan.request.slices:
        name = ", ".join(f"{key}={text}" for key, text in texts.items())
        found.append(Slice(name, _typed(plan.signatures, texts), slug(name), is_named=True))
    return tuple(found)


def _typed(signatures: Mapping[str, Signature], texts: Mapping[str, str]) -> dict[str, Any]:
    """Give each text the type that it has in the first notebook that knows its name."""
    values: dict[str, Any] = {}
    for signature in signatures.values():
        known = {name: text for name, text in texts.items() if name in signature.specs}
        values = {**signature.bind(known), **values}
    return values


def make_jobs(
    plan: Plan, slices: Sequence[Slice], source: SourceFacts, place: Staging
) -> list[Job]:
    """
    List the jobs of a run: every notebook for every slice.

    Parameters
    ----------
    plan : Plan
        Typed values by study.
    slices : sequence of Slice
        The reports of the run.
    source : SourceFacts
        For the pages' headers.
    place : Staging
        Where the run is built.

    Returns
    -------
    list of Job
        Slice by slice, in the order of the notebooks.
    """
    jobs: list[Job] = []
    for part in slices:
        for item in plan.request.notebooks:
            known = plan.signatures[item.study].specs
            own = {name: value for name, value in part.values.items() if name in known}
            values = {**plan.values[item.study], **own}
            facts = page_facts(source if "data" in values else no_source(), values)
            job = Job(
                study=item.study,
                notebook=str(item.path),
                folder=str(place.run / part.folder / item.study),
                private=str(place.private / f"{len(jobs):04d}"),
                values=values,
                facts=facts | _one_of(len(slices)),
                slice_name=part.name,
                time_limit_seconds=plan.request.time_limit_seconds,
                memory_limit_megabytes=plan.request.memory_limit_megabytes,
                formats=plan.request.formats,
            )
            jobs.append(job)
    return jobs


def page_facts(source: SourceFacts, values: Mapping[str, Any]) -> dict[str, str]:
    """
    Say in a page's header what the page rests on.

    Parameters
    ----------
    source : SourceFacts
        The data.
    values : mapping
        Parameters in force.

    Returns
    -------
    dict of str to str
        Label and words.
    """
    label = str(source.data["source"] or "")
    name = f"{source.name} ({label})" if source.name not in ("", label) else label
    start, end = values.get("start", ""), values.get("end", "")
    period = f"{start or 'the beginning'} to {end or 'the end of the data'}"
    others = [f"{key} = {value}" for key, value in values.items() if key not in COMMON_PARAMETERS]
    facts = {
        "Data": name,
        "As of": f"{source.as_of[:16].replace('T', ' ')} UTC" if source.as_of else "",
        "Period": period if start or end else ("all of the data" if label else ""),
        "Market": str(values.get("market") or ("all" if label else "")),
        "Other settings": ", ".join(others),
    }
    return {key: words for key, words in facts.items() if words.strip()}


def _one_of(n_slices: int) -> dict[str, str]:
    """Say in a slice's pages that a reader of all slices looks at more tests than stand here."""
    if n_slices == 1:
        return {}
    return {"Reports": f"one of {n_slices}; p values over all stand on the run's start page"}


def _slice_faults(request: Request, signatures: Mapping[str, Signature]) -> list[str]:
    faults = []
    for texts in request.slices:
        faults += _unknown_faults(replace(request, texts=texts, by=""), signatures)
        for signature in signatures.values():
            known = {name: text for name, text in texts.items() if name in signature.specs}
            faults += signature.faults(known)
    names = [tuple(sorted(texts.items())) for texts in request.slices]
    if len(set(names)) < len(names) or () in names:
        faults.append("slices: each must set something, and something else than the others")
    return faults


def _known_secret_faults(texts: Sequence[Mapping[str, str]]) -> list[str]:
    known = own_secrets()
    given = [(name, text) for part in texts for name, text in part.items()]
    found = ((name, value_reason(text, known)) for name, text in given)
    return [
        f"{name}: refused because {reason}; nothing of a secret may be saved"
        for name, reason in found
        if reason
    ]


def _texts_for(request: Request, signature: Signature) -> dict[str, str]:
    texts = {"data": request.default_data, **request.texts}
    return {name: text for name, text in texts.items() if name in signature.specs}


def _unknown_faults(request: Request, signatures: Mapping[str, Signature]) -> list[str]:
    every = {name for item in signatures.values() for name in item.specs}
    needed = [*request.texts, *([request.by] if request.by else [])]
    faults = []
    for name in needed:
        reason = secret_reason(name, request.texts.get(name, ""))
        if reason:
            faults.append(f"{name}: refused because {reason}; nothing of a secret may be saved")
        elif name in COMMON_PARAMETERS:
            # A page must not claim a date or a market that its notebook does not look at.
            lacking = [item.notebook for item in signatures.values() if name not in item.specs]
            if lacking:
                faults.append(f"{name}: there is no such parameter in {', '.join(lacking)}")
        elif name not in every:
            faults.append(f"{name}: no notebook has such a parameter. {did_you_mean(name, every)}")
    return faults
