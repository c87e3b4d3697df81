"""Working hours: schedules, calendars, and minutes inside them."""

__all__: list[str] = []
