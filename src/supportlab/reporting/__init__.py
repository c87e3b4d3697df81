"""Notebooks to a published run: parameters, recorder, runner, pages, manifest."""

__all__: list[str] = []
