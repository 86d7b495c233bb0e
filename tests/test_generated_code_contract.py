"""The ABI check of generated modules, with the errors for an older and a newer run time."""

import warnings

import pytest

from pushwire._codegen import ABI, OLDEST_ABI, deprecated, require


def test_its_own_abi_is_accepted() -> None:
    require(abi=ABI)
    require(abi=OLDEST_ABI)


def test_a_module_from_a_newer_plugin_is_told_to_upgrade_the_run_time() -> None:
    with pytest.raises(ImportError, match="upgrade pushwire"):
        require(abi=ABI + 1)


def test_a_module_from_an_older_plugin_is_told_to_generate_again() -> None:
    with pytest.raises(ImportError, match="buf generate"):
        require(abi=OLDEST_ABI - 1)


def test_deprecated_warns_nobody_at_run_time() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @deprecated("old")
        def function() -> int:
            return 1

        assert function() == 1
