"""English words before a number that say what it is."""

import re

from language.protocol import ContactWords

CONTACTS = ContactWords(
    other=re.compile(
        r"\b(?:order|invoice|bill|tracking|parcel|shipment|reference|ref|article|item|serial|account|customer|member"
        r"|ticket|case|sku|isbn|ean|iban|vat|policy|contract|batch|code)\b[^.!?\n]{0,16}$",
        re.IGNORECASE,
    ),
    call=re.compile(
        r"\b(?:call|phone|telephone|tel|dial|ring|hotline|fax|mobile|whatsapp|sms)\b[^\n]*$", re.IGNORECASE
    ),
)
