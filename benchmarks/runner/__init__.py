"""Speed of whole runs beside papermill and ploomber-engine."""

__all__: list[str] = []
