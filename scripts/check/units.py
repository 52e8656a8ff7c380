"""Sources that can be read as one translation unit, since they are compiled alike and none hides or doubles another's names."""
import re

# Declarations at namespace scope begin in column 0 in this project; what a macro makes is named by its first argument.
DECLARED = re.compile(
    r"^(?:template <[^\n]*> ?)?(?:"
    r"(?:class|struct|union|enum class|enum)(?: \[\[\w+\]\])? (?P<type>\w+)"
    r"|using (?P<alias>\w+) ="
    r"|[A-Z_]{4,}\((?P<case>\w+(?:, \w+)?)\)"
    r"|#define (?P<macro>\w+)"
    r"|(?!return |using |namespace )(?=[\w\[])[\w:<>,&*\[\] ]*[ &*](?P<name>\w+) ?(?:\(|=|\{|;|\[)"
    r")",
    re.MULTILINE,
)


def names(text):
    """What the source declares at namespace scope; members that it defines are its class's, not its own."""
    return {match[match.lastgroup] for match in DECLARED.finditer(text)}


def grouped(sources, flags_of, names_of, largest):
    """Lists of sources, each at most `largest` long, all with equal flags and without a name in common."""
    units = []
    for source in sources:
        flags, own = flags_of(source), names_of(source)
        for unit in units:
            if unit["flags"] == flags and len(unit["sources"]) < largest and not unit["names"] & own:
                break
        else:
            unit = {"flags": flags, "sources": [], "names": set()}
            units.append(unit)
        unit["sources"].append(source)
        unit["names"] |= own
    return [unit["sources"] for unit in units]


def halves(unit):
    middle = (len(unit) + 1) // 2
    return [part for part in (unit[:middle], unit[middle:]) if part]


def joined(texts):
    """The texts one after the other, each from a line of its own on. What one includes is not included again by later ones, but for
    what these include twice: that is a mistake to be found."""
    lines, included = [], set()
    for text in texts:
        left_out = set(included)
        for line in text.split("\n"):
            lines.append("" if line in left_out else line)
            left_out.discard(line)
            if line.startswith("#include "):
                included.add(line)
    return "\n".join(lines)


class Places:
    """Where lines of a joined text come from."""

    def __init__(self, unit, texts):
        self.ends = []
        for source, text in zip(unit, texts, strict=True):
            start = self.ends[-1][0] if self.ends else 0
            self.ends.append((start + text.count("\n") + 1, start, source))

    def of(self, line):
        """Source and line there; both are counted from 1."""
        _, start, source = next(part for part in self.ends if line <= part[0])
        return source, line - start

    def told(self, file, output):
        """The output with places of the joined file replaced by those in the sources."""
        return re.sub(rf"{re.escape(str(file))}:(\d+)", lambda found: ":".join(map(str, self.of(int(found[1])))), output)
