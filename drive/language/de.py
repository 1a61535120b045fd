"""German."""

from drive.language.words import Phrase, Words

WANT = " (Soll: {threshold})"


def _foreseen(modal: str, possible: str) -> dict[str, Phrase]:
    """Consequences of an option; `modal` says whether it is taken (wird) or not (würde)."""
    subject = "{option}{then} "
    return {
        "gap ahead": Phrase(
            f"{subject}{modal} mich{{within}} auf {{said}} an {{body}} heranbringen", limit=WANT
        ),
        "gap behind": Phrase(
            f"{subject}{modal}{{within}} {{said}} zu {{body}} hinter mir lassen", limit=WANT
        ),
        "time gap": Phrase(f"{subject}{modal}{{within}} {{said}} zu {{body}} lassen", limit=WANT),
        "time to collision": Phrase(
            f"{subject}{modal}{{within}} {{said}} bis zum Zusammenstoß mit {{body}} lassen",
            limit=WANT,
        ),
        "imposed braking": Phrase(
            f"{subject}{modal} {{body}}{{within}} zum Bremsen mit {{said}} zwingen",
            limit=" (zumutbar: {threshold})",
        ),
        "predicted contact": Phrase(
            f"{possible} mir nach {{said}} in die Quere kommen durch {{option}}"
        ),
        "speed": Phrase(f"{subject}{modal}{{within}} {{said}} bedeuten", limit=WANT),
        "acceleration": Phrase(
            f"{subject}{modal} mit {{said}} beschleunigen",
            f"{subject}{modal} mit {{said}} bremsen",
            f"{subject}{modal} die Geschwindigkeit halten",
        ),
        "speed gain": Phrase(
            f"{subject}{modal} {{said}} gewinnen",
            f"{subject}{modal} {{said}} kosten",
            f"{subject}{modal} kein Tempo gewinnen",
            limit=" (verlangt: {threshold})",
        ),
        "value": Phrase(
            f"{subject}{modal} mir {{said}} wert sein",
            f"{subject}{modal} mich {{said}} kosten",
            f"{subject}{modal} mir nichts wert sein",
        ),
        "incentive": Phrase(
            f"{subject}{modal} {{said}} an Beschleunigung freigeben",
            f"{subject}{modal} {{said}} an Beschleunigung kosten",
            f"{subject}{modal} keine Beschleunigung freigeben",
            limit=" (verlangt: {threshold})",
        ),
    }


GERMAN = Words(
    decimal=",",
    stop=". ",
    end=".",
    colon=": ",
    clauses=(", ", ", und "),
    predicates=(", ", " und "),
    duration="{said} lang: ",
    car="Wagen {car}",
    object="Gegenstand {object}",
    together=(", ", " und "),
    either=(", ", " oder "),
    absences={"task": "dieses Ziel", "speed limit": "Tempolimit"},
    it="er",
    subject="{body} {predicates}",
    places=("", " auf der linken Spur", " auf der rechten Spur"),
    then=", danach {option},",
    within=" binnen {horizon}",
    units={"": "", "m": " m", "s": " s", "m/s": " m/s", "m/s²": " m/s²", "deg": "°"},
    actions={
        "LANE_LEFT": "nach links wechseln",
        "IDLE": "weiterfahren",
        "LANE_RIGHT": "nach rechts wechseln",
        "FASTER": "beschleunigen",
        "SLOWER": "verlangsamen",
        "LANE_KEEP": "die Spur halten",
        "FOLLOW": "dem geplanten Weg folgen",
    },
    acting="{option} wählen",
    path="{option}, auf {said}",
    doing={
        "LANE_LEFT": "das Wechseln nach links",
        "IDLE": "das Weiterfahren",
        "LANE_RIGHT": "das Wechseln nach rechts",
        "FASTER": "das Beschleunigen",
        "SLOWER": "das Verlangsamen",
        "LANE_KEEP": "das Halten der Spur",
        "FOLLOW": "das Folgen des geplanten Wegs",
    },
    steering={
        "left": "das Lenken um {said} nach links",
        "right": "das Lenken um {said} nach rechts",
        "straight": "das Lenken geradeaus",
    },
    pedal={"up": " bei {said} Beschleunigung", "down": " bei {said} Bremsung", "hold": ""},
    longitudinal={
        "speed tracking": "Geschwindigkeit halten",
        "lead following": "dem Vordermann folgen",
        "speed adaptation": "Tempo anpassen",
        "gap searching": "Lücke suchen",
        "accelerating to overtake": "zum Überholen beschleunigen",
        "yielding": "Vorfahrt lassen",
        "stopping for a static constraint": "vor einem Hindernis halten",
    },
    lateral={
        "lane keeping": "Spur halten",
        "lane change": "Spurwechsel",
        "merge or split": "Ein- oder Ausfädeln",
        "turn": "Abbiegen",
        "nudge in lane": "Versetzen in der Spur",
        "nudge out of lane": "Versetzen aus der Spur",
        "pull over": "rechts heranfahren",
        "abort of a lateral manoeuvre": "Abbruch eines Spurwechsels",
    },
    sides={"left": "links", "right": "rechts"},
    ties={
        "causes": "die Handlung wurde aus diesem Text gewonnen",
        "shares evidence": "Text und Handlung stammen aus derselben Rechnung",
        "post hoc": "nach der Entscheidung gesagt; an ihr hatte es keinen Anteil",
    },
    changes={
        "slow down": "verlangsamen",
        "speed up": "beschleunigen",
        "keep speed": "mein Tempo halten",
        "stop": "anhalten",
        "wait": "stehen bleiben",
    },
    claims={
        ("observation", "gap ahead"): Phrase("{said} vor mir{place}", verb="ist ", limit=WANT),
        ("observation", "time gap"): Phrase("{said} entfernt{place}", verb="ist ", limit=WANT),
        ("observation", "slower ahead"): Phrase(
            "{said} langsamer{place}",
            "{said} schneller{place}",
            "so schnell wie ich{place}",
            verb="ist ",
        ),
        ("observation", "time to collision"): Phrase(
            "{said} vom Zusammenstoß entfernt{place}", verb="ist ", limit=WANT
        ),
        ("observation", "gap behind"): Phrase("{said} hinter mir{place}", verb="ist ", limit=WANT),
        ("observation", "closing from behind"): Phrase(
            "holt mit {said} auf{place}",
            "fällt mit {said} zurück{place}",
            "holt weder auf noch fällt er zurück{place}",
        ),
        ("observation", "imposed braking"): Phrase(
            "müsste mit {said} bremsen{place}", limit=" (zumutbar: {threshold})"
        ),
        ("observation", "beside"): Phrase("neben mir{place}, auf {said} Länge", verb="ist "),
        ("observation", "oncoming"): Phrase("kommt mir aus {said} entgegen{place}"),
        ("observation", "to the left"): Phrase("links von mir in {said} Abstand", verb="ist "),
        ("observation", "to the right"): Phrase("rechts von mir in {said} Abstand", verb="ist "),
        ("observation", "its speed"): Phrase("fährt {said}", zero="steht"),
        ("observation", "lane ends"): Phrase("der Weg{place} endet in {said}"),
        ("observation", "free ahead"): Phrase("der Weg{place} ist auf {said} frei"),
        ("observation", "no lane"): Phrase("es gibt keinen Weg{place}"),
        ("observation", "speed"): Phrase("ich fahre {said}", zero="ich stehe", limit=WANT),
        ("observation", "bend radius"): Phrase("die Kurve voraus hat {said} Radius"),
        ("observation", "lateral offset"): Phrase(
            "ich bin {said} links der Spurmitte",
            "ich bin {said} rechts der Spurmitte",
            "ich bin in der Spurmitte",
        ),
        ("observation", "heading error"): Phrase(
            "ich zeige {said} nach links aus der Spur",
            "ich zeige {said} nach rechts aus der Spur",
            "ich zeige in Richtung der Spur",
        ),
        ("observation", "duration"): Phrase("das gilt {said} lang"),
        ("rule", "right of way"): Phrase("hat Vorfahrt und ist in {said} da"),
        ("rule", "speed limit"): Phrase("erlaubt sind {said}"),
        ("rule", "distance to exit"): Phrase("meine Ausfahrt kommt in {said}"),
        ("rule", "distance to goal"): Phrase("mein Ziel kommt in {said}"),
        ("rule", "lanes to goal"): Phrase(
            "{said} Spuren sind noch zu queren", one="{said} Spur ist noch zu queren"
        ),
        ("rule", "lanes to the right"): Phrase(
            "man soll rechts fahren, und rechts von mir sind {said} Spuren",
            one="man soll rechts fahren, und rechts von mir ist {said} Spur",
        ),
        ("rule", "acceleration asked"): Phrase(
            "meine Regel verlangt höchstens {said}",
            "meine Regel verlangt eine Bremsung mit {said}",
            "meine Regel verlangt gleiches Tempo",
        ),
        ("rule", "always"): Phrase("das tue ich immer, und nichts wurde abgewogen"),
        ("rule", "drawn"): Phrase("das wurde ausgelost, und nichts wurde abgewogen"),
        ("intention", "speed change"): Phrase("ich werde {said}"),
        ("intention", "target speed"): Phrase("ich werde {said} fahren"),
        ("intention", "lane"): Phrase("ich werde in Spur {said} sein"),
        ("cause", "decision"): Phrase("{body} ist der Grund"),
        ("cause", "without"): Phrase("ohne {body} würde ich {act}"),
        ("cause", "task"): Phrase("ohne {body} würde ich {act}"),
        ("cause", "speed limit"): Phrase("ohne {body} würde ich {act}"),
        ("cause", "poor sight"): Phrase("bei freier Sicht würde ich {act}"),
        ("cause", "several"): Phrase("nur mehrere Wagen zusammen machen einen Unterschied"),
        ("cause", "nothing"): Phrase("auf leerer Straße täte ich dasselbe"),
        ("visibility", "hidden"): Phrase(
            "{body}, zuletzt hinter {other} gesehen, ist vielleicht noch da"
        ),
        **{("consequence", k): phrase for k, phrase in _foreseen("wird", "kann").items()},
        **{("rejection", k): phrase for k, phrase in _foreseen("würde", "könnte").items()},
    },
    headline={
        "keep speed": ("{lane} bei {speed}{purpose}", "{lane} bei {speed}{purpose}"),
        "slow down": (
            "auf {speed} verlangsamen und {lane}{purpose}",
            "{lane} und auf {speed} verlangsamen{purpose}",
        ),
        "speed up": (
            "auf {speed} beschleunigen und {lane}{purpose}",
            "{lane} und auf {speed} beschleunigen{purpose}",
        ),
        "stop": ("anhalten und {lane}{purpose}", "{lane} und anhalten{purpose}"),
        "wait": ("stehen bleiben und {lane}{purpose}", "{lane} und stehen bleiben{purpose}"),
    },
    lane={
        (None, None): ("die Spur halten", "Spur {lane} halten"),
        ("lane keeping", None): ("der Spur nach lenken", "Spur {lane} nach lenken"),
        ("lane keeping", "left"): ("der Spur nach links folgen", "Spur {lane} nach links folgen"),
        ("lane keeping", "right"): (
            "der Spur nach rechts folgen",
            "Spur {lane} nach rechts folgen",
        ),
        ("lane change", "left"): ("nach links wechseln", "nach links in Spur {lane} wechseln"),
        ("lane change", "right"): ("nach rechts wechseln", "nach rechts in Spur {lane} wechseln"),
        ("merge or split", "left"): ("links einfädeln", "links in Spur {lane} einfädeln"),
        ("merge or split", "right"): ("rechts einfädeln", "rechts in Spur {lane} einfädeln"),
        ("turn", "left"): ("links abbiegen", "in Spur {lane} links abbiegen"),
        ("turn", "right"): ("rechts abbiegen", "in Spur {lane} rechts abbiegen"),
        ("nudge in lane", "left"): (
            "in der Spur nach links lenken",
            "in Spur {lane} nach links lenken",
        ),
        ("nudge in lane", "right"): (
            "in der Spur nach rechts lenken",
            "in Spur {lane} nach rechts lenken",
        ),
        ("nudge out of lane", "left"): (
            "nach links aus der Spur ausweichen",
            "nach links aus Spur {lane} ausweichen",
        ),
        ("nudge out of lane", "right"): (
            "nach rechts aus der Spur ausweichen",
            "nach rechts aus Spur {lane} ausweichen",
        ),
        ("pull over", "left"): ("links heranfahren", "links in Spur {lane} heranfahren"),
        ("pull over", "right"): ("rechts heranfahren", "rechts in Spur {lane} heranfahren"),
        ("abort of a lateral manoeuvre", "left"): (
            "das Wechseln nach links abbrechen",
            "das Wechseln nach links abbrechen und in Spur {lane} zurückkehren",
        ),
        ("abort of a lateral manoeuvre", "right"): (
            "das Wechseln nach rechts abbrechen",
            "das Wechseln nach rechts abbrechen und in Spur {lane} zurückkehren",
        ),
    },
    purpose={
        "lead following": (", hinter dem Vordermann", ", hinter {body}"),
        "speed adaptation": (", wegen der Kurve", ", wegen {body}"),
        "gap searching": (", um eine Lücke zu finden", ", um bei {body} eine Lücke zu finden"),
        "accelerating to overtake": (", um zu überholen", ", um {body} zu überholen"),
        "yielding": (", um Vorfahrt zu lassen", ", um {body} durchzulassen"),
        "stopping for a static constraint": (", vor dem Ende", ", vor {body}"),
    },
    rival={
        "blocked": "{option} ist versperrt: {claims}",
        "worse": "{option} ist schlechter: {claims}",
        "same": "das spricht gegen {option}",
        "next": "{option} wäre das Nächstbeste gewesen",
        "alone": "{claims}",
    },
    term="{label}{about}: {value}{limit}",
    limit=" (gegen {threshold})",
    about=" von {body}",
    terms={
        "time gap": "Zeitlücke",
        "gap ahead": "Abstand voraus",
        "slower ahead": "langsamer voraus",
        "time to collision": "Zeit bis zum Zusammenstoß",
        "gap behind": "Abstand dahinter",
        "closing from behind": "Annäherung von hinten",
        "imposed braking": "aufgezwungene Bremsung",
        "beside": "daneben",
        "predicted contact": "vorhergesehene Berührung",
        "lane ends": "Spurende",
        "speed gain": "Tempogewinn",
        "speed": "Tempo",
        "speed limit": "Tempolimit",
        "acceleration": "Beschleunigung",
        "incentive": "Anreiz",
        "distance to goal": "Weg zum Ziel",
        "lanes to goal": "Spuren bis zum Ziel",
        "lanes to the right": "Spuren rechts",
        "right of way": "Vorfahrt",
        "curve ahead": "Tempo für die Kurve",
        "lateral offset": "neben der Spurmitte",
        "heading error": "schräg zur Spur",
        "free ahead": "frei voraus",
        "always": "immer so",
        "drawn": "ausgelost",
        "unavailable": "hier nicht möglich",
        "value": "Wert",
        "preference": "Vorliebe (Log-Wahrscheinlichkeit)",
        "answer": "Antwort des Modells",
        "no answer": "keine gültige Antwort des Modells",
    },
    endings={
        "collision": "Zusammenstoß",
        "off road": "von der Straße abgekommen",
        "arrived": "angekommen",
        "time is up": "die Zeit ist um",
        "policy failed": "die Strategie ist gescheitert",
    },
    ending="Ende: {reason}",
    contact=" mit {partner}, Seite: {side}",
    weighed="abgewogen:",
    counts={"for": "dafür", "against": "dagegen"},
    contact_sides={
        "front": "vorn",
        "rear": "hinten",
        "left": "links",
        "right": "rechts",
        "unknown": "unbekannt",
    },
)
