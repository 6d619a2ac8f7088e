"""Numbers and digests must not depend on the version of Python."""

from __future__ import annotations

from fractions import Fraction

from spillover.evidence import load_tree


def test_the_mean_of_an_axis_is_rounded_once():
    """Since 3.12 the built-in sum rounds otherwise; the exact mean tells them apart."""
    checked = 0
    for path in load_tree().paths():
        entry = load_tree().entry(path)
        for dated in entry.values:
            if entry.axis is None or len(set(dated.members)) == 1:
                continue
            exact = sum(map(Fraction, dated.members)) / len(dated.members)
            if dated.reference in dated.members:  # a `default:` member is the reference
                continue
            once = float(sum(map(Fraction, dated.members))) / len(dated.members)
            assert dated.reference == once, path
            assert abs(dated.reference - float(exact)) <= 1e-15 * abs(float(exact)), path
            checked += 1
    assert checked > 10
