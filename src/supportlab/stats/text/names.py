"""Where names stand in comments: after greetings, titles and 'my name is', and in sign-offs."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["name_patterns"]

# A name: one to three words with a capital, or after a dot of an initial.
_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽΑ-ΩΆΈ-ΏА-ЯЁЄІЇҐ"
_CAP = rf"(?:[{_UPPER}]\.|[{_UPPER}](?:[^\W\d_]|['’\-](?=[^\W\d_]))*)"
_NAME = (
    rf"{_CAP}(?:[ \u00a0]+(?:(?:de|da|do|dos|van|von|der|den|la|le|el|bin|al|y)[ ])*{_CAP}){{0,2}}"
)
_ANY = r"[^\W\d_]{2,}(?:[ ][^\W\d_]{2,})?"
_END = r"\s*[.!,~\-–—]*\s*$"
# Capitals of these are words of greeting, not of a person.
_NOT_NAMES = (
    "Team|Support|Service|Sir|Madam|All|Everyone|There|Customer|Zusammen|Damen|Herren|Equipe|Équipe"
    "|Equipo|Todos|Todas|Tutti|Amigos|Pessoal|Galera|Madame|Monsieur|Messieurs|Mesdames|Kundenservice"
    "|The|My|I|It|This|Your|Please|Thanks|Thank|We|And|But|You|For|Ich|Die|Der|Das|Mein|Meine|Es|Le|La"
    "|Les|Je|Mon|Ma|El|Los|Mi|Me|No|O|A|Os|Meu|Minha|Eu|Il|Lo|Non|Ho|Το|Η|Ο|Δεν|Μου"
)
_GREETINGS = (
    "Hi|Hello|Hey|Dear|Good morning|Good afternoon|Hallo|Guten Tag|Guten Morgen|Liebe|Lieber|Sehr geehrte|Sehr geehrter"
    "|Moin|Servus|Bonjour|Bonsoir|Salut|Cher|Chère|Hola|Buenos días|Buenas tardes|Estimado|Estimada|Querido|Querida"
    "|Olá|Ola|Oi|Bom dia|Boa tarde|Boa noite|Prezado|Prezada|Caro|Cara|Ciao|Salve|Buongiorno|Buonasera|Gentile"
    "|Γεια σας|Γεια|Γειά|Καλημέρα|Καλησπέρα|Αγαπητέ|Αγαπητή|Здравствуйте|Привет|Уважаемый|Уважаемая|Beste|Hoi|Hej|Cześć|Merhaba|Sayın"
)
_TITLES = (
    r"Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Herrn|Frau|Mme|Mlle|Sr|Sra|Srta|Señor|Señora|Don|Doña|Senhor|Senhora|Dona|Seu"
    r"|Sig|Sig\.ra|Signor|Signora|Signorina|κ|κα|κύριε|κύριος|κυρία|κυρίου|κύριο|господин|госпожа"
)
_BEFORE = (
    "my name is|I am called|this is|mein Name ist|ich heiße|ich bin|je m'appelle|mon nom est|me llamo|mi nombre es"
    "|meu nome é|me chamo|mi chiamo|il mio nome è|με λένε|ονομάζομαι|το όνομά μου είναι|меня зовут|mijn naam is|ik heet|adım"
    "|named|called|agent|operator|advisor|colleague|Mitarbeiter|Mitarbeiterin|Kollege|Kollegin|conseiller|conseillère"
    "|agente|asesor|asesora|atendente|operador|operadora|operatore|operatrice|υπάλληλος"
)
_SIGN_OFFS = (
    "kind regards|best regards|warm regards|regards|best wishes|best|sincerely|yours sincerely|yours|cheers|thanks|many thanks|thank you|sent by"
    "|viele grüße|liebe grüße|beste grüße|mit freundlichen grüßen|freundliche grüße|schöne grüße|herzliche grüße|gruß|grüße|viele gruesse|mfg|lg|vg"
    "|cordialement|bien cordialement|bien à vous|salutations|merci|saludos|saludos cordiales|un saludo|atentamente|gracias|muchas gracias"
    "|atenciosamente|abraços|abraço|att|obrigado|obrigada|grato|grata|cordiali saluti|distinti saluti|saluti|grazie|un saluto"
    "|με εκτίμηση|φιλικά|ευχαριστώ|ευχαριστώ πολύ|с уважением|спасибо|met vriendelijke groet|groeten|groetjes|mvg|saygılarımla|teşekkürler"
)


@cache
def name_patterns() -> tuple[tuple[re.Pattern[str], int], ...]:
    """
    Return the patterns that find names, each with the number of the group that is the name.

    Not for names that stand alone in a sentence: only a list of names finds those.

    Returns
    -------
    tuple of (re.Pattern, int)
        In the order to apply.

    Examples
    --------
    >>> [p.search("Mein Name ist Jana.").group(n) for p, n in name_patterns()
    ...  if p.search("Mein Name ist Jana.")]
    ['Jana']
    """
    stop = rf"(?!(?:{_NOT_NAMES})\b)"
    shown = [
        # Latin, Greek and Cyrillic, where a capital tells a name.
        rf"(?<!\w)(?:{_first_either(_GREETINGS)})[ ,]+(?:(?:{_TITLES})\.?[ ])?{stop}({_NAME})(?=\s*[,!.:;\n]|\s*$)",
        rf"(?<!\w)(?:{_TITLES})\.?[ ]{stop}({_NAME})",
        rf"(?<!\w)(?:{_first_either(_BEFORE)})[ ]+{stop}({_NAME})",
        rf"(?<!\w)(?i:{_SIGN_OFFS})\s*[,.!:\n\-–—]+\s*{stop}({_NAME}){_END}",
        rf"\n\s*[\-–—]+\s*{stop}({_NAME}){_END}",
        rf"(?<=[.!?])\s*[\-–—]{{1,2}}\s*{stop}({_NAME}){_END}",
        # Signing off on a line of its own, whatever the case of the letters.
        rf"(?<!\w)(?i:{_SIGN_OFFS})[ ]*[,!:]?[ ]*\n\s*({_ANY}){_END}",
        # Arabic and Hebrew, Persian and Urdu: no capitals, so the word before has to tell.
        rf"(?<!\w)(?:اسمي|أنا اسمي|انا اسمي|السيد|السيدة|الأستاذ|الاستاذ|الأستاذة|الموظف اسمه|אני|שמי|קוראים לי|نام من|میرا نام)[ ]+({_ANY})",
        rf"(?<!\w)(?:مع التحية|مع تحياتي|تحياتي|مع الشكر|بالتوفيق|בברכה|תודה|با احترام)\s*[،,.:\-–—\n]+\s*({_ANY}){_END}",
        # Japanese, Chinese, Thai, Korean: titles follow, or fixed words precede.
        r"((?:[\u4e00-\u9fff々]{1,4}|[\u30a0-\u30ff]{2,8}))(?=(?:さん|様|さま|氏)(?!子))",
        r"(?:私は|わたしは|名前は|担当の)([\u4e00-\u9fff々]{2,4}|[\u30a0-\u30ff]{2,8})(?=(?:です|と申します|と言います|といいます|さん|様))",
        r"(?:我叫|我是|我的名字是|名叫)([\u4e00-\u9fff]{2,4}?)(?=[，。,.!！\s]|$)",
        r"([\u4e00-\u9fff]{1,2})(?=先生|女士|小姐|经理|經理)",
        r"(?:คุณ|นาย|นางสาว|นาง|ชื่อ|ผมชื่อ|ดิฉันชื่อ)\s?([\u0e01-\u0e4e]{2,12})(?=[\s,.!]|$)",
        r"([\uac00-\ud7a3]{2,4})(?=\s?(?:님|씨)(?:[^\uac00-\ud7a3]|$|이|은|께))",
        r"(?:제 이름은|저는)\s([\uac00-\ud7a3]{2,4})(?=입니다|이에요|예요)",
    ]
    return tuple((re.compile(one), 1) for one in shown)


def _first_either(words: str) -> str:
    """Let the first letter of each alternative be of either case; the name keeps its capital."""
    found = []
    for word in words.split("|"):
        first = word[0]
        both = f"[{first.upper()}{first.lower()}]" if first.isalpha() else re.escape(first)
        found.append(both + word[1:])
    return "|".join(found)
