"""What each generation of Gemini models takes; the model's name is a setting, so nothing is refused here.

Sources: the API's guides on thinking, on Gemini 3 and "What's new in Gemini 3.6 Flash and 3.5 Flash-Lite"
(ai.google.dev/gemini-api/docs). Since 3.5 Flash-Lite and 3.6 sampling parameters are ignored, with an announced 400
for later models; for all of 3.x Google asks to leave the temperature at its default, as lower values made models
loop. Thoughts count against maxOutputTokens, so a model that thinks can use it up and answer nothing.
"""

import re
from dataclasses import dataclass, replace

THINKING_ROOM = 2048
LITE_THINKING_ROOM = 512
"""Tokens on top of the asked-for maximum where a model may think before it answers and can't be told not to."""

_VERSION = re.compile(r"gemini-(\d+)(?:\.(\d+))?(?=-|\Z)")


@dataclass(frozen=True, slots=True)
class Generation:
    """The parameters of one request; None is not sent. Thinking: a level (3.x) or a budget in tokens (2.5)."""

    max_output_tokens: int
    temperature: float | None = None
    thinking_level: str | None = None
    thinking_budget: int | None = None

    def without_temperature(self) -> "Generation":
        """For a model that refused the temperature."""
        return replace(self, temperature=None)

    def without_thinking(self) -> "Generation":
        """For a model that refused the thinking parameters: it thinks as it likes, so it gets room for that."""
        return replace(
            self,
            thinking_level=None,
            thinking_budget=None,
            max_output_tokens=self.max_output_tokens + THINKING_ROOM,
        )


def plan(model: str, temperature: float | None, max_tokens: int, *, sets_thinking: bool) -> Generation:
    """What to send to ``model``. ``sets_thinking``: whether the SDK can express thinking parameters at all."""
    name = model.removeprefix("models/")
    if not name.startswith("gemini-"):  # Gemma and tuned models: classic sampling, no thoughts
        return Generation(max_tokens, temperature)
    match = _VERSION.match(name)
    # Names without a number ("gemini-flash-latest") mean the newest model.
    version = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    lite, pro = "lite" in name, "pro" in name
    if version < (2, 5):
        return Generation(max_tokens, temperature)
    if version < (3, 0):
        if lite:  # does not think unless told to
            return Generation(max_tokens, temperature)
        if not sets_thinking:
            return Generation(max_tokens + THINKING_ROOM, temperature)
        budget = 128 if pro else 0  # 128 is the least that 2.5 Pro takes
        return Generation(max_tokens + budget, temperature, thinking_budget=budget)
    if lite:  # its default level is "minimal" already
        return Generation(max_tokens + LITE_THINKING_ROOM)
    level = "LOW" if sets_thinking and match else None  # the least level that every 3.x model takes
    return Generation(max_tokens + THINKING_ROOM, thinking_level=level)
