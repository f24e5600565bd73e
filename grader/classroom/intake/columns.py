"""What the columns of rosters are called: by teachers and by platforms, in the languages in which they export."""

from collections.abc import Callable, Sequence

from grader.classroom.intake.sheets import folded

# Columns that identify a student, best first: the first one with a unique value in every row becomes the student's id.
IDS = (
    "student_id", "student id", "id number", "identifier", "sid", "sis user id", "orgdefinedid", "username",
    "user name", "login", "sis login id", "login id", "github_username", "id", "email", "email address", "e-mail",
    "student", "name", "full name", "student name",
)  # fmt: skip
NAMES = ("name", "full name", "student name", "student")
FIRST, LAST = ("first name", "first_name", "firstname"), ("last name", "last_name", "lastname", "surname")
ANY_NAME = frozenset((*IDS, *NAMES, *FIRST, *LAST))
MOODLE_NUMBER = frozenset(["identifier"])  # `Participant 31415`, in the site's language
PLATFORM = frozenset(["sis user id", "sis login id"])  # beside them Canvas's `Student` is a name
# What platforms write in other languages, and their own words, as the words above.
MEANINGS = {
    "student_id": ("matrikelnummer", "matrikel", "matr.-nr.", "matrikelnr", "studentnummer", "numéro étudiant", "numero de estudiante",
                   "número de estudiante", "matricola", "学号", "registration_number", "registration_number_of_student",
                   "registration number", "matriculation number", "matriculation_number"),
    "id number": ("id-nummer", "idnumber", "numéro d'identification", "numéro d’identification", "número de id",
                  "número de identificação", "codice identificativo", "id-nummer des nutzers", "numer id", "идентификационный номер"),
    "identifier": ("id der teilnehmenden", "teilnehmer-id", "identifiant", "identificador", "identificativo", "идентификатор"),
    "username": ("anmeldename", "benutzername", "nom d'utilisateur", "nom d’utilisateur", "nombre de usuario", "gebruikersnaam",
                 "nome utente", "user_id", "userid", "netid"),
    "email": ("e-mail-adresse", "mail", "mail address", "e-mail address", "adresse de courriel", "courriel", "correo electrónico",
              "dirección de correo", "dirección de correo electrónico", "e-mailadres", "indirizzo email", "endereço de e-mail", "email_address",
              "адрес электронной почты", "メールアドレス", "电子邮件地址"),
    "full name": ("vollständiger name", "name, vorname", "nom complet", "nombre completo", "volledige naam", "nome completo", "полное имя",
                  "display name", "fullname"),
    "first name": ("vorname", "vorname(n)", "prénom", "prenom", "nombre", "voornaam", "nome", "имя", "given name", "名", "first_name_of_student"),
    "last name": ("nachname", "familienname", "nom", "nom de famille", "apellido(s)", "apellidos", "achternaam", "cognome", "sobrenome",
                  "фамилия", "family name", "姓", "family_name_of_student"),
    "github_username": ("github", "github username", "github login"),
}  # fmt: skip
KNOWN = {other: name for name, others in MEANINGS.items() for other in folded(others)}
PLAIN = {spelt: name for name in reversed(IDS) for spelt in folded([name])}


def meaning(heading: str) -> str:
    """What a heading means, in the words of IDS, FIRST and LAST; itself in lower case if it means nothing to us."""
    (name,) = folded([heading.strip().strip("\ufeff")])
    return KNOWN.get(name) or PLAIN.get(name, name)


def naming(header: Sequence[str]) -> Callable[[Sequence[str]], list[str]] | None:
    """What gives the names by which a row of a table calls its student, best first; None if no column names one."""
    meanings = [meaning(name) for name in header]
    at = sorted((n for n, name in enumerate(meanings) if name in IDS), key=lambda n: IDS.index(meanings[n]))
    first = next((n for n, name in enumerate(meanings) if name in FIRST), None)
    last = next((meanings.index(name) for name in (*LAST, NAMES[0]) if name in meanings), None)
    parts = [] if first is None or last is None else [first, last]

    def names(row: Sequence[str]) -> list[str]:
        whole = " ".join(row[n].strip() for n in parts if n < len(row))
        return [text for text in (*(row[n].strip() for n in at if n < len(row)), whole.strip()) if text]

    return names if at or parts else None
