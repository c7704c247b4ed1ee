"""What a function does not take, as data for whoever asked: the lowest room, so that every other one can say it."""

from __future__ import annotations


class Refusal(ValueError):
    """A value that is refused: what is wrong, what would be right, and the option it is about, if it is one of several."""

    def __init__(self, message: str, hint: str = "", option: str = "") -> None:
        super().__init__(message, hint, option)
        self.message, self.hint, self.option = message, hint, option

    def __str__(self) -> str:
        wrong = f"{self.option}: {self.message}" if self.option else self.message
        return f"{wrong}; {self.hint}" if self.hint else wrong
