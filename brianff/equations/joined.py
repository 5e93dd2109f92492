"""The strings of all models of a composition, joined by their places in the network."""

from brianff.equations.text import equations_of, names_in, strings_in
from brianff.errors import ModelError

__all__ = ["Joined"]


class Joined:
    """The strings of all models by their places: groups and slots of the network."""

    def __init__(self, scheme, models):
        self.models = models
        self.pieces = []  # (String, text)
        self.asked, online = self._asked(), self._online()
        for kind in scheme.kinds:
            if online and any(string.place == "synapses.at_update" for string in kind.strings.values()):
                continue  # no optimizer
            for key, string in kind.strings.items():
                text = models[kind.name][key] or string.default
                counts = string.sort not in ("values", "expressions", "words") and string.asked in self.asked
                if text and counts:
                    text = f"{string.variable} = {text} : 1" if string.variable else text
                    self.pieces.append((string, text))
        self.initial = {}
        for model in models.values():
            for key, string in model.schema.strings.items():
                if string.slot == "initial":
                    self.initial |= model.strings.get(key, {})

    def _online(self):
        """Whether nothing is accumulated for an optimizer."""
        strings = [(m[key], s) for m in self.models.values() for key, s in m.schema.strings.items()]
        return all("dw" not in equations_of(text).names for text, s in strings if s.place == "synapses.model")

    def _asked(self):
        """Names of what a model has for others that ask for it, and one of them does."""
        asked = {""}  # what counts unasked
        for model in self.models.values():
            for key, string in model.schema.strings.items():
                name, forms = string.asked, {string.asked + suffix for suffix in ("", "_pre", "_post")}
                users = [m for m in self.models.values() if m is not model and name and name in m.schema.at_hand]
                user = next((m for m in users if forms & names_in(*strings_in(m.strings))), None)
                if user is None:
                    continue
                if name == key and not (model[key] or string.default):
                    raise ModelError(
                        f"{model.path}: the {user.kind} '{user.name}' needs a '{name}' ({string.meaning}) and the "
                        f"{model.kind} '{model.name}' defines none."
                    )
                asked.add(name)
        return asked

    def text(self, slot, *groups):
        """What all models have for a slot of some groups, in the order of the kinds."""
        return "\n".join(text for string, text in self.pieces if string.slot == slot and string.group in groups)

    def of_asked(self, name, slot):
        """What all models have for a slot because another one asks for something."""
        return "\n".join(text for string, text in self.pieces if string.slot == slot and string.asked == name)

    def all(self, *groups):
        """All strings of some groups."""
        return [text for string, text in self.pieces if string.group in groups]
