"""Colors for the model language on the site of the documentation."""

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

BLOCKS = (
    "source module model observation substance parameter input output quantity compartment species reaction \
derivative event route use connect drug lifestyle target show hold"
)
WORDS = (
    "as of in at when into lag fraction duration rate people uncertainty meaning read derived assumed because by \
level usually or rest sum normal lognormal uniform loguniform bernoulli cv sd to for statistic value spread role \
direction regimen title authors year doi pmid url journal volume pages choose with"
)


class RapheLexer(RegexLexer):
    """Words, numbers, texts and comments; it checks nothing."""

    name = "raphe"
    aliases: ClassVar = ["raphe"]
    tokens: ClassVar = {
        "root": [
            (r"#.*", Comment.Single),
            (r'"[^"]*"', String),
            (words(BLOCKS.split(), prefix=r"\b", suffix=r"\b"), Keyword),
            (words(WORDS.split(), prefix=r"\b", suffix=r"\b"), Keyword.Type),
            (r"\b\d+(\.\d+)?([eE][-+]?\d+)?\b", Number),
            (r"[A-Za-z_]\w*", Name),
            (r"[-+*/^=<>]+", Operator),
            (r"[{}\[\]();:,.]", Punctuation),
            (r"\s+|.", Text),
        ]
    }
