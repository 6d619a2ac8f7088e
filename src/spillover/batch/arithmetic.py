"""What decides the last bit of a number beside the model and its libraries."""

from __future__ import annotations

import platform

import numpy as np

_NOT_FOR_DOUBLES = "AVX512_"
"""Beyond the levels X86_V3 and X86_V4; numpy uses these to sort and for short floats."""


def arithmetic() -> dict[str, str]:
    """Processor and C library, as far as they compute exp, log and powers (bit_exactness.md).

    Returns:
        `processor`: its family and the vector levels that numpy uses, each with approximations of
        its own; NPY_DISABLE_CPU_FEATURES switches levels off. `libc`: name and version.
    """
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    levels = [name for name in found if not name.startswith(_NOT_FOR_DOUBLES)]
    return {
        "processor": " ".join([platform.machine(), *levels]),
        "libc": " ".join(platform.libc_ver()).strip() or "unknown",
    }
