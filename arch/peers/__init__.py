"""VAEs and denoisers of other projects, to compare with; importing it registers them."""

from arch.peers import diffusers as diffusers
from arch.peers import external as external
from arch.peers import latte as latte
