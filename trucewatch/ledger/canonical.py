"""Canonical: one spelling of every JSON value, so that the same content always has the same hash (RFC 8785)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import rfc8785

from trucewatch.ledger.verifier import Refused, read_json

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


class NotCanonical(ValueError):
    """A value that has no canonical spelling, or bytes that are not the canonical spelling of anything."""


def canonical(value: Json) -> bytes:
    """Return the RFC 8785 spelling of a value, as UTF-8.

    Raises NotCanonical for what `read_canonical` would refuse: NaN and infinity, a whole number beyond 2^53 - 1 spelled
    as one, a lone surrogate, more than 64 levels of nesting, and what is no JSON at all.

    >>> canonical({"b": 1.0, "a": [None, "é"]}).decode()
    '{"a":[null,"é"],"b":1}'
    """
    try:
        raw = rfc8785.dumps(value)
        read_json(raw)
    except (ValueError, TypeError, RecursionError) as fault:
        raise NotCanonical(f"this value has no canonical form: {fault}") from None
    return raw


def read_canonical(raw: bytes) -> Json:
    """Return the value that canonical bytes spell; raises NotCanonical where `canonical` would spell it otherwise."""
    try:
        value: Json = read_json(raw)
        spelled = rfc8785.dumps(value)
    except Refused as fault:
        raise NotCanonical(str(fault)) from None
    if spelled != raw:
        raise NotCanonical("this is not the canonical spelling (RFC 8785) of its value")
    return value
