"""Keys of the daemon as a whole."""

from typing import Annotated, Literal

from homalos.config.key import Section, key


class AppSection(Section):
    account: Annotated[
        str,
        key(
            "Account that the books are kept for; at a broker, the investor id",
            "记账所用的账户，在期货公司即投资者代码",
            pattern=r"^[0-9A-Za-z_-]{1,32}$",
        ),
    ] = "sim"
    language: Annotated[
        Literal["en", "zh"],
        key("Language of messages in the terminal", "终端信息所用语言"),
    ] = "en"
