//! Words by what they do in an order to a language model, in several languages.

/// What a word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Leave aside: `ignore`.
    Override,
    /// What was said before: `previous`.
    Qualifier,
    /// All of it: `all`, `your`.
    All,
    /// What a model was told: `instructions`.
    Target,
    /// `prompt`.
    Prompt,
    /// `system`.
    System,
    /// What it is to do instead: `print`.
    Say,
    /// `you`.
    You,
    /// `are`.
    Are,
    /// `now`.
    Now,
    /// What may stand before an order: `please`.
    Polite,
    /// Names of roles without limits.
    Dan,
    /// `mode`.
    Mode,
    /// Modes a model does not have.
    Developer,
    /// What the model is called.
    Model,
    /// What it is called, and people are.
    Assistant,
    /// `to`, `for`.
    Toward,
    /// `hidden`, `secret`.
    Hidden,
    /// `anything`.
    Anything,
    /// `do`.
    Do,
    /// `new`.
    New,
    /// `without`.
    Free,
    /// Limits a model has.
    Limits,
    /// What stands before words that are told, not said.
    Quote,
    /// `verbatim`.
    Words,
    /// `words`.
    Word,
    /// `told`.
    Told,
    /// `message`.
    Message,
    /// `user`.
    User,
}

/// Whether a word with this first byte does anything.
pub(super) fn may_begin(first: u8) -> bool {
    STARTS
        .get(usize::from(first))
        .is_some_and(|(_, end)| *end > 0)
}

/// What a word in lower case does. An entry is the word itself, or where it ends in `*` its beginning.
pub(super) fn meaning(word: &[u8]) -> Option<Meaning> {
    let (from, to) = *STARTS.get(usize::from(*word.first()?))?;
    let own = WORDS.get(usize::from(from)..usize::from(to))?;
    let after = own.partition_point(|(own, _)| own.trim_end_matches('*').as_bytes() <= word);
    // A beginning sorts before the words it begins; few entries stand between them.
    let near = own.get(after.saturating_sub(4)..after)?;
    let found = near
        .iter()
        .rev()
        .find(|(own, _)| match own.strip_suffix('*') {
            Some(beginning) => word.starts_with(beginning.as_bytes()),
            None => own.as_bytes() == word,
        });
    found.map(|(_, meaning)| *meaning)
}

use Meaning::{
    All, Anything, Are, Assistant, Dan, Developer, Do, Free, Hidden, Limits, Message, Mode, Model,
    New, Now, Override, Polite, Prompt, Qualifier, Quote, Say, System, Target, Told, Toward, User,
    Word, Words, You,
};

/// Where the words with a first byte begin and end.
static STARTS: [(u16, u16); 256] = starts();

#[allow(
    clippy::indexing_slicing,
    reason = "places come from the length, and a byte is below 256"
)]
const fn starts() -> [(u16, u16); 256] {
    let mut all = [(0, 0); 256];
    let mut at = 0;
    while at < WORDS.len() {
        let first = WORDS[at].0.as_bytes()[0] as usize;
        if all[first].1 == 0 {
            all[first].0 = at as u16;
        }
        all[first].1 = at as u16 + 1;
        at += 1;
    }
    all
}

const WORDS: &[(&str, Meaning)] = &[
    ("above*", Qualifier),
    ("acima*", Qualifier),
    ("act", Say),
    ("actual", New),
    ("admin", Developer),
    ("affiche", Say),
    ("ahora", Now),
    ("ai", Model),
    ("aim", Dan),
    ("all", All),
    ("alla", All),
    ("alle", All),
    ("also", Polite),
    ("amoral", Dan),
    ("and", Polite),
    ("answer", Say),
    ("anterior*", Qualifier),
    ("antworte", Say),
    ("antérieur*", Qualifier),
    ("anweisung*", Target),
    ("any", All),
    ("anything", Anything),
    ("are", Are),
    ("asked", Quote),
    ("assistant", Assistant),
    ("attacker", Quote),
    ("attackers", Quote),
    ("attention", Polite),
    ("become", Say),
    ("beschränk*", Limits),
    ("bisherig*", Qualifier),
    ("bist", Are),
    ("bitte", Polite),
    ("bot", Assistant),
    ("bovenstaande*", Qualifier),
    ("but", Polite),
    ("bypass*", Override),
    ("called", Quote),
    ("can", Quote),
    ("censor*", Limits),
    ("chatbot", Model),
    ("chatgpt", Model),
    ("ci", Qualifier),
    ("claude", Assistant),
    ("command*", Target),
    ("confidential", Hidden),
    ("consigne*", Target),
    ("constraint*", Target),
    ("containing", Quote),
    ("context*", Target),
    ("could", Quote),
    ("dan", Dan),
    ("debug", Developer),
    ("dein*", All),
    ("desconsider*", Override),
    ("describe", Say),
    ("dev", Developer),
    ("developer", Developer),
    ("diga", Say),
    ("dimentica*", Override),
    ("directive*", Target),
    ("dis", Say),
    ("disclaimer*", Limits),
    ("display", Say),
    ("disregard*", Override),
    ("do", Do),
    ("du", You),
    ("dude", Dan),
    ("dump", Say),
    ("désormais", Now),
    ("e", Polite),
    ("e.g", Quote),
    ("earlier*", Qualifier),
    ("echo", Say),
    ("eerdere*", Qualifier),
    ("einschränk*", Limits),
    ("es", Are),
    ("escreva", Say),
    ("escribe", Say),
    ("esquec*", Override),
    ("esqueça*", Override),
    ("et", Polite),
    ("ethic*", Limits),
    ("every", All),
    ("everything", All),
    ("evilbot", Dan),
    ("example", Quote),
    ("execute", Say),
    ("explain", Say),
    ("expose", Say),
    ("filter*", Limits),
    ("finally", Polite),
    ("first", Polite),
    ("for", Toward),
    ("foregoing*", Qualifier),
    ("forget*", Override),
    ("former*", Qualifier),
    ("föregående*", Qualifier),
    ("geef", Say),
    ("gemini", Model),
    ("generate", Say),
    ("gib", Say),
    ("give", Say),
    ("glöm*", Override),
    ("god", Developer),
    ("gpt", Model),
    ("guideline*", Target),
    ("göster", Say),
    ("he", Quote),
    ("hello", Polite),
    ("hey", Polite),
    ("hi", Polite),
    ("hidden", Hidden),
    ("if", Quote),
    ("ignor*", Override),
    ("important", Polite),
    ("imprime", Say),
    ("indicaci*", Target),
    ("initial*", Qualifier),
    ("injection", Quote),
    ("instead", Polite),
    ("instruc*", Target),
    ("instrucci*", Target),
    ("instruct*", Target),
    ("instrukc*", Target),
    ("instruktion*", Target),
    ("instruçõ*", Target),
    ("internal", Hidden),
    ("istruzion*", Target),
    ("jailbreak", Dan),
    ("jailbroken", Dan),
    ("jetzt", Now),
    ("jouw", All),
    ("just", Polite),
    ("kurallar*", Target),
    ("le", All),
    ("leak", Say),
    ("like", Quote),
    ("limit*", Limits),
    ("list", Say),
    ("llama", Model),
    ("llm", Model),
    ("maintenance", Developer),
    ("may", Quote),
    ("message*", Message),
    ("might", Quote),
    ("missachte*", Override),
    ("mode", Mode),
    ("montre", Say),
    ("moral*", Limits),
    ("mostra", Say),
    ("mostre", Say),
    ("muestra", Say),
    ("must", Polite),
    ("napisz", Say),
    ("negeer*", Override),
    ("neglect*", Override),
    ("nenne", Say),
    ("never", Free),
    ("new", New),
    ("next", Polite),
    ("no", Free),
    ("note", Polite),
    ("now", Now),
    ("obig*", Qualifier),
    ("often", Quote),
    ("ohne", Free),
    ("ok", Polite),
    ("okay", Polite),
    ("olvida*", Override),
    ("original*", Qualifier),
    ("oubli*", Override),
    ("output", Say),
    ("overrid*", Override),
    ("past*", Qualifier),
    ("people", Quote),
    ("per", Polite),
    ("phrase", Quote),
    ("phrases", Quote),
    ("please", Polite),
    ("podaj", Say),
    ("pokaż", Say),
    ("polecenia*", Target),
    ("polic*", Target),
    ("poprzedni*", Qualifier),
    ("por", Polite),
    ("precedent*", Qualifier),
    ("preceding*", Qualifier),
    ("pretend", Say),
    ("previas*", Qualifier),
    ("previos*", Qualifier),
    ("previous*", Qualifier),
    ("print", Say),
    ("prior*", Qualifier),
    ("programming*", Target),
    ("prompt", Prompt),
    ("précédent*", Qualifier),
    ("real", New),
    ("refus*", Limits),
    ("regel*", Target),
    ("regla*", Target),
    ("regole*", Target),
    ("repeat", Say),
    ("reply", Say),
    ("respond", Say),
    ("responda", Say),
    ("responde", Say),
    ("restriction*", Target),
    ("return", Say),
    ("reveal", Say),
    ("revela", Say),
    ("revele", Say),
    ("rispondi", Say),
    ("rivela", Say),
    ("root", Developer),
    ("rule*", Target),
    ("run", Say),
    ("réponds", Say),
    ("révèle", Say),
    ("safeguard*", Target),
    ("safety*", Limits),
    ("sag", Say),
    ("sage", Say),
    ("sans", Free),
    ("say", Say),
    ("saying", Quote),
    ("says", Quote),
    ("schreibe", Say),
    ("schrijf", Say),
    ("scrivi", Say),
    ("secret", Hidden),
    ("sentence", Quote),
    ("senza", Free),
    ("she", Quote),
    ("should", Polite),
    ("show", Say),
    ("sistema", System),
    ("so", Polite),
    ("stampa", Say),
    ("stan", Dan),
    ("stop", Polite),
    ("string", Quote),
    ("strings", Quote),
    ("strunta*", Override),
    ("suas", All),
    ("such", Quote),
    ("sudo", Developer),
    ("summarize", Say),
    ("systeem", System),
    ("system", System),
    ("systemprompt", Prompt),
    ("système", System),
    ("söyle", Say),
    ("talimat*", Target),
    ("tell", Say),
    ("tells", Quote),
    ("that", Quote),
    ("then", Polite),
    ("they", Quote),
    ("tidigare*", Qualifier),
    ("to", Toward),
    ("todas", All),
    ("todos", All),
    ("told", Told),
    ("toon", Say),
    ("tous", All),
    ("toutes", All),
    ("training*", Target),
    ("tralascia*", Override),
    ("translate", Say),
    ("tu", You),
    ("tus", All),
    ("tutte", All),
    ("types", Quote),
    ("typing", Quote),
    ("tüm", All),
    ("uncensored", Dan),
    ("und", Polite),
    ("unfiltered", Dan),
    ("unrestricted", Dan),
    ("unut*", Override),
    ("updated", New),
    ("user", User),
    ("users", Quote),
    ("verbatim", Words),
    ("vergeet*", Override),
    ("vergessen*", Override),
    ("vergiss*", Override),
    ("vorgabe*", Target),
    ("vorherig*", Qualifier),
    ("vorig*", Qualifier),
    ("vorige*", Qualifier),
    ("vos", All),
    ("warning*", Limits),
    ("wcześniejsz*", Qualifier),
    ("we", Quote),
    ("when", Quote),
    ("which", Quote),
    ("who", Quote),
    ("will", Quote),
    ("without", Free),
    ("word", Word),
    ("words", Word),
    ("would", Quote),
    ("write", Say),
    ("wrote", Quote),
    ("wszystk", All),
    ("wyświetl", Say),
    ("y", Polite),
    ("yaz", Say),
    ("you", You),
    ("your", All),
    ("zapomnij*", Override),
    ("zeg", Say),
    ("zeig", Say),
    ("zeige", Say),
    ("zignoruj*", Override),
    ("écris", Say),
    ("önceki*", Qualifier),
    ("Ігнору*", Override),
    ("Забудь*", Override),
    ("Игнорир*", Override),
    ("Предыдущ*", Qualifier),
    ("все", All),
    ("всі", All),
    ("выведи", Say),
    ("забудь*", Override),
    ("забудьте*", Override),
    ("и", Polite),
    ("игнорир*", Override),
    ("игнорируй*", Override),
    ("инструкц*", Target),
    ("напиши", Say),
    ("ответь", Say),
    ("покажи", Say),
    ("попередн*", Qualifier),
    ("правила*", Target),
    ("предыдущ*", Qualifier),
    ("прежн*", Qualifier),
    ("пренебреги*", Override),
    ("промпт", Prompt),
    ("раскрой", Say),
    ("расскажи", Say),
    ("системн", System),
    ("скажи", Say),
    ("указани*", Target),
    ("ігнору*", Override),
    ("інструкц*", Target),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_found() {
        for pair in WORDS.windows(2) {
            let [a, b] = [pair[0].0, pair[1].0].map(|own| own.trim_end_matches('*'));
            assert!(a < b, "{a} {b}");
        }
        for (word, own) in WORDS {
            let word = word.trim_end_matches('*');
            assert_eq!(meaning(word.as_bytes()), Some(*own), "{word}");
        }
        assert_eq!(meaning(b"instructions"), Some(Target));
        assert_eq!(meaning(b"ignoring"), Some(Override));
        assert_eq!(meaning(b"table"), None);
    }
}
