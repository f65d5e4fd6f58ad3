"""A plug-in that Nuitka loads itself: jinja2 goes into the engine as bytecode.

As C it would be nearly half of the program and a third of the time to compile it, and templates take a millisecond.
"""

from nuitka.plugins.PluginBase import NuitkaPluginBase  # type: ignore[import-not-found]

PACKAGES = ("jinja2", "markupsafe")


class AsBytecode(NuitkaPluginBase):  # type: ignore[misc]
    """Decides for every module by its package."""

    plugin_name = "as-bytecode"
    plugin_desc = "Keep chosen packages as bytecode."

    def decideCompilation(self, module_name):  # type: ignore[no-untyped-def]  # noqa: N802 - Nuitka's name for it
        """How Nuitka treats a module: "compiled", "bytecode", or None for its own choice."""
        return "bytecode" if module_name.getTopLevelPackageName() in PACKAGES else None
