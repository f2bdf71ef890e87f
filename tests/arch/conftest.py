"""Failures inside the contract show the values they compared."""

import pytest

pytest.register_assert_rewrite("tests.arch.contract")
