"""A simulation of the whole contact line in one process: the real code of the receiver and the workers, a real Redis,
and a scheduler that decides by a seed who runs next, what time it is, who dies and what fails."""
