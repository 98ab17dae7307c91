"""Plain English for people who read what a command says."""


def count(number: int, noun: str, plural: str = "") -> str:
    """`number` of these: "1 lead", "2 leads"; `plural`: of a noun that takes more than an s."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
