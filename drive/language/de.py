"""German."""

from drive.language.words import Phrase, Words

WANT = " (ich halte {threshold})"

SEEN = {  # ein Auto nach seinem Ort, wo keine Nummern zu sehen sind
    "ahead": "das Auto vorn",
    "ahead on the left": "das Auto vorn links",
    "ahead on the right": "das Auto vorn rechts",
    "behind": "das Auto hinten",
    "behind on the left": "das Auto hinten links",
    "behind on the right": "das Auto hinten rechts",
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
    seen=SEEN,
    it="er",
    subject="{body} {predicates}",
    places=("", " auf der linken Spur", " auf der rechten Spur"),
    then=", danach {option},",
    within=" binnen {horizon}",
    after=" nach {horizon}",
    that="es",
    though=", aber {claims}",
    units={"": "", "m": " m", "s": " s", "m/s": " m/s", "m/s²": " m/s²", "deg": "°"},
    actions={
        "LANE_LEFT": "nach links wechseln",
        "IDLE": "weiterfahren",
        "LANE_RIGHT": "nach rechts wechseln",
        "FASTER": "beschleunigen",
        "SLOWER": "verlangsamen",
        "LANE_KEEP": "die Spur halten",
        "FOLLOW": "dem geplanten Weg folgen",
        "FOLLOW_OTHER": "einem anderen Weg folgen",
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
        "FOLLOW_OTHER": "das Folgen eines anderen Wegs",
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
        "drive backwards": "rückwärtsfahren",
        "coast down": "ausrollen",
        "pick up": "Fahrt aufnehmen",
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
        ("observation", "beside"): Phrase(
            "neben mir{place}, auf {said} Länge", zero="gerade neben mir{place}", verb="ist "
        ),
        ("observation", "oncoming"): Phrase("kommt mir aus {said} entgegen{place}"),
        ("observation", "to the left"): Phrase("links von mir in {said} Abstand", verb="ist "),
        ("observation", "to the right"): Phrase("rechts von mir in {said} Abstand", verb="ist "),
        ("observation", "its speed"): Phrase("fährt {said}", zero="steht"),
        ("observation", "lane ends"): Phrase("der Weg{place} endet in {said}"),
        ("observation", "free ahead"): Phrase("der Weg{place} ist auf {said} frei"),
        ("observation", "no lane"): Phrase("es gibt keinen Weg{place}"),
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
        ("rule", "distance to exit"): Phrase("meine Ausfahrt kommt in {said}"),
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
        ("rejection", "predicted contact"): Phrase(
            "könnte mir nach {said} in die Quere kommen durch {option}"
        ),
        ("rejection", "speed"): Phrase("{option}{then} würde{within} {said} bedeuten", limit=WANT),
        ("cause", "traffic"): Phrase("ohne den Verkehr würde ich {act}"),
        ("cause", "more"): Phrase(
            "dasselbe gilt für {said} weitere Wagen", one="dasselbe gilt für {said} weiteren Wagen"
        ),
        ("contact", "certain"): Phrase("endet nach {said} in einer Berührung mit {body}"),
        ("contact", "possible"): Phrase("kann nach {said} in einer Berührung mit {body} enden"),
        ("contact", "unnamed"): Phrase("kann nach {said} in einer Berührung enden"),
        ("wish", "headway"): Phrase(
            "{said} hinter {body}{after}",
            "{said} Überdeckung mit {body}{after}",
            verb="heißt ",
            limit=WANT,
        ),
        ("wish", "gap kept ahead"): Phrase(
            "lässt {said} bis {body}{after}", "überdeckt {body} vorn um {said}{after}", limit=WANT
        ),
        ("wish", "time to contact"): Phrase(
            "{said} bis zur Berührung mit {body}{after}", verb="heißt ", limit=WANT
        ),
        ("wish", "gap kept behind"): Phrase(
            "lässt {body} {said} hinter mir{after}",
            "überdeckt {body} hinten um {said}{after}",
            limit=WANT,
        ),
        ("wish", "time to contact behind"): Phrase(
            "lässt {body} {said} bis zur Berührung mit mir{after}", limit=WANT
        ),
        ("wish", "braking asked"): Phrase(
            "lässt {body} mit {said} bremsen{after}", limit=" (zumutbar: {threshold})"
        ),
        ("wish", "clearance"): Phrase(
            "heißt {said} neben {body}{after}",
            "überdeckt {body} seitlich um {said}{after}",
            limit=WANT,
        ),
        ("worth", "progress"): Phrase("bringt {said} mehr", "kostet {said}"),
        ("worth", "speed gain"): Phrase(
            "lässt mich {said} schneller fahren", "lässt mich {said} langsamer fahren"
        ),
        ("worth", "incentive"): Phrase(
            "gibt {said} mehr Beschleunigung frei", "gibt {said} weniger Beschleunigung frei"
        ),
        ("worth", "lanes to goal"): Phrase(
            "lässt {said} Spuren mehr zu queren",
            "lässt {said} Spuren weniger zu queren",
            one="lässt {said} Spur mehr zu queren",
            minus_one="lässt {said} Spur weniger zu queren",
        ),
        ("worth", "lanes to the right"): Phrase(
            "hält mich {said} Spuren weiter links",
            "bringt mich {said} Spuren weiter nach rechts",
            one="hält mich {said} Spur weiter links",
            minus_one="bringt mich {said} Spur weiter nach rechts",
        ),
        ("worth", "oncoming lane"): Phrase(
            "hält mich {said} länger auf der Gegenspur",
            "bringt mich {said} früher von der Gegenspur",
        ),
        ("worth", "unrest"): Phrase("ändert Spur oder Tempo für zu wenig"),
        ("worth", "reliance"): Phrase("lässt mir nur einen einzigen Ausweg"),
        ("worth", "information"): Phrase("zeigt mir zu spät, was die anderen vorhaben"),
        ("preference", "hair"): Phrase(
            "{option} ist mir um Haaresbreite weniger wert, {said} von {threshold}"
        ),
        ("preference", "clear"): Phrase(
            "{option} ist mir deutlich weniger wert, {said} von {threshold}"
        ),
        ("tie", "as good"): Phrase("{option} wäre genauso gut gewesen"),
        ("purpose", "follow"): Phrase("so bleibe ich hinter {body}"),
        ("purpose", "pass"): Phrase("so überhole ich {body}"),
        ("purpose", "let go first"): Phrase("so lasse ich {body} zuerst fahren"),
        ("purpose", "find gap"): Phrase("so suche ich bei {body} eine Lücke"),
        ("purpose", "stop before"): Phrase("so halte ich vor {body}"),
        ("purpose", "bend"): Phrase("das ist wegen der Kurve"),
        ("purpose", "reach exit"): Phrase("so erreiche ich meine Ausfahrt"),
        ("purpose", "keep right"): Phrase("so fahre ich rechts"),
        ("fact", "hazard ahead"): Phrase("Achtung, {body} vor mir, {said} bis zur Berührung"),
        ("fact", "hazard on the left"): Phrase(
            "Achtung, {body} links von mir, {said} bis zur Berührung"
        ),
        ("fact", "hazard on the right"): Phrase(
            "Achtung, {body} rechts von mir, {said} bis zur Berührung"
        ),
        ("fact", "hazard behind"): Phrase("Achtung, {body} hinter mir, {said} bis zur Berührung"),
        ("fact", "touching"): Phrase("ich berühre {body}"),
        ("fact", "too close"): Phrase("ich bin nur {said} hinter {body}", limit=WANT),
        ("fact", "too near"): Phrase("ich habe nur {said} Platz bis {body}", limit=WANT),
        ("fact", "braking needed"): Phrase("vor {body} hilft nur eine Bremsung mit {said}"),
        ("fact", "wreck"): Phrase("{body} ist ein Wrack, {said} vor mir"),
        ("fact", "wreck near"): Phrase("{body} ist ein Wrack, {said} von mir"),
        ("fact", "oncoming lane"): Phrase("ich bin auf der Gegenspur"),
        ("fact", "into the oncoming lane"): Phrase("das führt mich auf die Gegenspur"),
        ("fact", "nothing comes"): Phrase("auf {said} kommt mir nichts entgegen"),
        ("fact", "comes towards me"): Phrase("{body} kommt mir entgegen, noch {said}"),
        ("fact", "back in lane"): Phrase("in {said} bin ich wieder auf meiner Seite"),
        ("fact", "exit out of reach"): Phrase(
            "meine Ausfahrt ist {said} Spuren entfernt und nicht mehr zu erreichen",
            one="meine Ausfahrt ist {said} Spur entfernt und nicht mehr zu erreichen",
        ),
        ("fact", "exit missed"): Phrase("ich habe meine Ausfahrt verpasst"),
        ("fact", "has priority"): Phrase("{body} hat Vorfahrt"),
        ("fact", "I have priority"): Phrase("ich habe Vorfahrt vor {body}"),
        ("fact", "above the limit"): Phrase("ich fahre schneller als die erlaubten {said}"),
        ("fact", "no way out"): Phrase(
            "jede Möglichkeit kann in einer Berührung enden, und diese schiebt sie am längsten auf, {said} gegen {threshold}"
        ),
        **{
            ("cause", f"without {relation}"): Phrase(f"ohne {said} würde ich {{act}}")
            for relation, said in SEEN.items()
        },
        ("sight", "gap ahead"): Phrase("der Abstand nach vorn{place} ist {said} bis {threshold}"),
        ("sight", "gap behind"): Phrase(
            "der Abstand nach hinten{place} ist {said} bis {threshold}"
        ),
        ("sight", "closing ahead"): Phrase(
            "vorn{place} schrumpft er um {said} bis {threshold}",
            "vorn{place} wächst er um {said} bis {threshold}",
            "vorn{place} bleibt er gleich, auf {threshold} genau",
        ),
        ("sight", "closing behind"): Phrase(
            "hinten{place} schrumpft er um {said} bis {threshold}",
            "hinten{place} wächst er um {said} bis {threshold}",
            "hinten{place} bleibt er gleich, auf {threshold} genau",
        ),
        ("sight", "nobody ahead"): Phrase("vorn{place} ist niemand innerhalb von {said}"),
        ("sight", "nobody behind"): Phrase("hinten{place} ist niemand innerhalb von {said}"),
        ("grade", "best"): Phrase("am besten"),
        ("grade", "as good"): Phrase("ebenso gut"),
        ("grade", "good"): Phrase("gut"),
        ("grade", "fair"): Phrase("brauchbar"),
        ("grade", "poor"): Phrase("mäßig"),
        ("grade", "bad"): Phrase("schlecht"),
        ("grade", "danger"): Phrase("gefährlich"),
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
        "coast down": (
            "auf die eingestellten {speed} ausrollen und {lane}{purpose}",
            "{lane} und auf die eingestellten {speed} ausrollen{purpose}",
        ),
        "pick up": (
            "auf die eingestellten {speed} Fahrt aufnehmen und {lane}{purpose}",
            "{lane} und auf die eingestellten {speed} Fahrt aufnehmen{purpose}",
        ),
        "drive backwards": (
            "mit {speed} rückwärtsfahren und {lane}{purpose}",
            "{lane} und mit {speed} rückwärtsfahren{purpose}",
        ),
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
    going_on={
        "keep speed": "weiter mit {speed}{purpose}",
        "slow down": "weiter verlangsamen auf {speed}{purpose}",
        "speed up": "weiter beschleunigen auf {speed}{purpose}",
        "stop": "weiter anhalten{purpose}",
        "wait": "weiter stehen{purpose}",
        "drive backwards": "weiter rückwärts mit {speed}{purpose}",
        "coast down": "weiter ausrollen auf {speed}{purpose}",
        "pick up": "weiter Fahrt aufnehmen auf {speed}{purpose}",
    },
    purpose={
        "follow": (", hinter dem Vordermann", ", hinter {body}"),
        "pass": (", um zu überholen", ", um {body} zu überholen"),
        "let go first": (", um Vorfahrt zu lassen", ", um {body} zuerst fahren zu lassen"),
        "find gap": (", um eine Lücke zu finden", ", um bei {body} eine Lücke zu finden"),
        "stop before": (", vor dem Ende", ", vor {body}"),
        "bend": (", wegen der Kurve", ", wegen der Kurve"),
        "reach exit": (", zu meiner Ausfahrt", ", zu meiner Ausfahrt"),
        "keep right": (", um rechts zu fahren", ", um rechts zu fahren"),
    },
    rival={
        "blocked": "{option} ist versperrt: {claims}",
        "worse": "{option} schlechter: {claims}",
        "alone": "{claims}",
    },
    term="{label}{about}: {value}{limit}",
    limit=" (gegen {threshold})",
    about=" von {body}",
    terms={
        "progress": "mittlere Geschwindigkeit",
        "contact": "Berührung im Plan",
        "headway": "Zeitabstand im Plan",
        "gap kept ahead": "Abstand nach vorn im Plan",
        "time to contact": "Zeit bis zur Berührung vorn",
        "time to contact behind": "Zeit bis zur Berührung hinten",
        "gap kept behind": "Abstand nach hinten im Plan",
        "braking asked": "Bremsen, das anderen abverlangt wird",
        "clearance": "Seitenabstand",
        "unrest": "Wechsel der Aktion",
        "reliance": "nur ein Ausweg",
        "information": "rechtzeitig wissen müssen",
        "arriving": "Aussicht, rechtzeitig anzukommen",
        "oncoming lane": "Gegenfahrbahn",
        "time gap": "Zeitlücke",
        "gap ahead": "Abstand voraus",
        "slower ahead": "langsamer voraus",
        "time to collision": "Zeit bis zum Zusammenstoß",
        "gap behind": "Abstand dahinter",
        "closing from behind": "Annäherung von hinten",
        "beside": "daneben",
        "predicted contact": "vorhergesehene Berührung",
        "lane ends": "Spurende",
        "speed gain": "Tempogewinn",
        "acceleration": "Beschleunigung",
        "incentive": "Anreiz",
        "distance to goal": "Weg zum Ziel",
        "lanes to goal": "Spuren bis zum Ziel",
        "lanes to the right": "Spuren rechts",
        "curve ahead": "Tempo für die Kurve",
        "lateral offset": "neben der Spurmitte",
        "heading error": "schräg zur Spur",
        "free ahead": "frei voraus",
        "set speed": "eingestelltes Tempo",
        "own speed": "eigenes Tempo",
        "unseen oncoming": "bis zu einem Auto, das außer Sicht kommen kann",
        "off the lane": "am Ende neben der Spurmitte",
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
    fallback="ein Ersatz entschied",
    answered="; {share} der Entscheidungen traf die Strategie, die übrigen ein Ersatz",
    unanswered="; die Strategie traf keine Entscheidung, ein Ersatz traf alle",
    ending="Ende: {reason}",
    contact=" mit {partner}, Seite: {side}",
    cards={
        "done": "die Aufgabe ist erfüllt",
        "missed": "die Aufgabe ist nicht erfüllt",
        "title": "was geschah, und warum",
        "policy": "Strategie {policy}",
        "seed": "Startwert {seed}",
        "tested": "{count} Aussagen geprüft: {false} falsch, {untestable} nicht prüfbar, {true} wahr",
        "untested": "die Aussagen sind nicht geprüft",
    },
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
