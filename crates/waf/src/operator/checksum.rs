//! Numbers with check digits: cards, and the social numbers of Austria, Brazil and the USA.
//!
//! Each function takes what the rule's pattern matched; anything but its digits is ignored.

/// The first `N` digits and how many there are in all.
fn digits<const N: usize>(candidate: &[u8]) -> ([u8; N], usize) {
    let mut found = [0; N];
    let mut count = 0;
    for byte in candidate.iter().filter(|byte| byte.is_ascii_digit()) {
        if let Some(slot) = found.get_mut(count) {
            *slot = byte - b'0';
        }
        count += 1;
    }
    (found, count)
}

fn all_same(digits: &[u8]) -> bool {
    digits
        .windows(2)
        .all(|pair| matches!(pair, [left, right] if left == right))
}

fn rising(digits: &[u8]) -> bool {
    digits
        .windows(2)
        .all(|pair| matches!(pair, [left, right] if (left + 1) % 10 == *right))
}

fn weigh(digits: &[u8], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum()
}

/// `@verifyCC`: the Luhn sum (ISO/IEC 7812) of the digits is a multiple of ten.
#[must_use]
pub fn card(candidate: &[u8]) -> bool {
    let mut sum = 0_u32;
    let mut count = 0_usize;
    for byte in candidate.iter().rev().filter(|byte| byte.is_ascii_digit()) {
        let digit = u32::from(byte - b'0');
        sum += match (count % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..5) => digit * 2,
            (_, digit) => digit * 2 - 9,
        };
        sum %= 10;
        count += 1;
    }
    count > 0 && sum == 0
}

/// `@verifyCPF`: eleven digits with the two check digits of the Brazilian tax number.
#[must_use]
pub fn cpf(candidate: &[u8]) -> bool {
    let (number, count) = digits::<11>(candidate);
    if count < 11 || all_same(&number) || number == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0] {
        return false;
    }
    let check = |weights: &[u32]| match weigh(&number, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    let [.., first, second] = number;
    check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(first)
        && check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == u32::from(second)
}

/// `@verifySSN`: nine digits that can be a social security number of the USA.
#[must_use]
pub fn ssn(candidate: &[u8]) -> bool {
    let (number, count) = digits::<9>(candidate);
    let [a, b, c, d, e, f, g, h, i] = number.map(u32::from);
    let (area, group, serial) = (
        a * 100 + b * 10 + c,
        d * 10 + e,
        f * 1000 + g * 100 + h * 10 + i,
    );
    let counted_up = number
        .windows(2)
        .all(|pair| matches!(pair, [left, right] if left + 1 == *right));
    count == 9
        && !counted_up
        && !all_same(&number)
        && group != 0
        && serial != 0
        && !matches!(area, 0 | 666 | 740..)
}

/// `@verifySVNR`: ten digits with the check digit of the Austrian social insurance number.
#[must_use]
pub fn svnr(candidate: &[u8]) -> bool {
    let (number, count) = digits::<10>(candidate);
    let rises_from_the_start = rising(&number) && matches!(number.first(), Some(0 | 1));
    if count < 10 || all_same(&number) || rises_from_the_start {
        return false;
    }
    let sum = weigh(&number, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 % 10;
    number.get(3).is_some_and(|check| u32::from(*check) == sum)
}

#[cfg(test)]
mod tests {
    use super::{card, cpf, ssn, svnr};

    #[test]
    fn checks_hold_and_fail() {
        assert!(card(b"4111-1111-1111-1111") && !card(b"4111-1111-1111-1112") && !card(b"abc"));
        assert!(cpf(b"010.817.514-60") && !cpf(b"010.817.514-61") && !cpf(b"11111111111"));
        assert!(ssn(b"574-57-8065") && !ssn(b"800-57-8065") && !ssn(b"123456789"));
        assert!(!ssn(b"574578065 1") && !ssn(b"000-57-8065") && !ssn(b"574-00-8065"));
        assert!(svnr(b"1237 010180") && !svnr(b"1238 010180") && !svnr(b"0123456789"));
    }
}
