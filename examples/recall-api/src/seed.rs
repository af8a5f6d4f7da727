//! The recalls the database begins with: every brand with every second product, so about two
//! hundred, the same at each start.

use rusqlite::{Connection, params};

pub(crate) const SCHEMA: &str = "
CREATE TABLE recall (id INTEGER PRIMARY KEY, number TEXT NOT NULL, title TEXT NOT NULL,
    brand TEXT NOT NULL, category TEXT NOT NULL, hazard TEXT NOT NULL, remedy TEXT NOT NULL,
    units INTEGER NOT NULL, announced TEXT NOT NULL);
CREATE TABLE product (sku TEXT PRIMARY KEY, recall INTEGER NOT NULL REFERENCES recall(id),
    name TEXT NOT NULL, model TEXT NOT NULL);
CREATE TABLE incident (id INTEGER PRIMARY KEY AUTOINCREMENT, reporter TEXT NOT NULL,
    product TEXT NOT NULL, description TEXT NOT NULL, link TEXT);
CREATE TABLE account (email TEXT PRIMARY KEY, password TEXT NOT NULL, admin INTEGER NOT NULL);
CREATE TABLE session (token TEXT PRIMARY KEY, email TEXT NOT NULL REFERENCES account(email));
INSERT INTO account VALUES ('mara@recalls.example', 'Tr0ub4dor&3', 1);
INSERT INTO account VALUES ('siobhan.o''neill@recalls.example', 'it''s <3 & \"safe\"', 0);
";

const BRANDS: [&str; 20] = [
    "O'Brien & Daughters",
    "Little Lamb",
    "Nestwell",
    "Bébé d'Or",
    "Kinderstern",
    "Tiny <3 Co.",
    "Select Comfort Kids",
    "Union Street Baby",
    "Moonpatch",
    "D'Angelo Bambini",
    "Sleepy Otter",
    "Papoose & Co",
    "ゆりかご",
    "Hearth & Cradle",
    "Drop Anchor Baby",
    "Pebble",
    "Grow-Up!",
    "Måne",
    "Cuddle; Ltd",
    "Fern -- Fox",
];

/// Product, category, hazard, remedy.
const PRODUCTS: [(&str, &str, &str, &str); 20] = [
    (
        "Fold-flat stroller",
        "strollers",
        "The hinge can pinch a finger.",
        "repair",
    ),
    (
        "Jogging stroller",
        "strollers",
        "The front wheel can come off.",
        "repair",
    ),
    (
        "Infant car seat",
        "car-seats",
        "The buckle can release in a crash.",
        "replace",
    ),
    (
        "Booster seat 4-in-1",
        "car-seats",
        "The harness anchor can crack.",
        "replace",
    ),
    (
        "Drop-side crib",
        "cribs",
        "The side can detach; a child can be trapped.",
        "refund",
    ),
    (
        "Convertible crib",
        "cribs",
        "Slats can break and leave a gap > 6 cm.",
        "repair",
    ),
    (
        "Bedside sleeper",
        "sleepers",
        "The fabric can sag; suffocation hazard.",
        "refund",
    ),
    (
        "Inclined sleeper",
        "sleepers",
        "Infants can roll over unrestrained.",
        "refund",
    ),
    (
        "High chair",
        "high-chairs",
        "The tray can drop when pulled.",
        "repair",
    ),
    (
        "Hook-on chair",
        "high-chairs",
        "The clamp can slip off the table.",
        "refund",
    ),
    (
        "Wooden stacking rings",
        "toys",
        "The knob can come loose; choking hazard.",
        "refund",
    ),
    (
        "Rattle 'n' roll ball",
        "toys",
        "Beads can be released; choking hazard.",
        "refund",
    ),
    (
        "Light-up teether",
        "toys",
        "The battery can leak.",
        "refund",
    ),
    (
        "Silicone bottle set",
        "feeding",
        "The nipple can tear.",
        "replace",
    ),
    (
        "Bottle warmer",
        "feeding",
        "The base can overheat.",
        "replace",
    ),
    (
        "Baby monitor",
        "electronics",
        "The adapter can overheat and catch fire.",
        "replace",
    ),
    (
        "Night light",
        "electronics",
        "Exposed contacts can shock.",
        "refund",
    ),
    (
        "Hooded towel",
        "textiles",
        "The seam dye exceeds the lead limit.",
        "refund",
    ),
    (
        "Sleep sack 2.5 TOG",
        "textiles",
        "The zipper pull can detach.",
        "refund",
    ),
    (
        "Walker",
        "walkers",
        "It fits through a doorway and does not stop at a step.",
        "refund",
    ),
];

/// Fills an empty database.
pub(crate) fn fill(database: &mut Connection) -> rusqlite::Result<()> {
    database.execute_batch(SCHEMA)?;
    let batch = database.transaction()?;
    let mut id = 0_i64;
    for (at, brand) in (0_i64..).zip(BRANDS) {
        for (of, (name, category, hazard, remedy)) in (0_i64..).zip(PRODUCTS) {
            if (at + of) % 2 != 0 {
                continue;
            }
            id += 1;
            let title = format!("{brand} recalls {name}");
            let number = format!("{}-{:03}", 20 + id % 6, id);
            let announced = format!("20{}-{:02}-{:02}", 20 + id % 6, 1 + id % 12, 1 + id % 28);
            let units = 300 + id * 7919 % 90_000;
            batch.execute(
                "INSERT INTO recall VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    id, number, title, brand, category, hazard, remedy, units, announced
                ],
            )?;
            let model = format!("{}{}", 100 + at, 10 + of);
            batch.execute(
                "INSERT INTO product VALUES (?1, ?2, ?3, ?4)",
                params![format!("SKU-{id:05}"), id, format!("{brand} {name}"), model],
            )?;
        }
    }
    batch.commit()
}
