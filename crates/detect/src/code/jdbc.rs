//! Addresses of databases (JDBC) whose options make the driver do more than connect.
//!
//! Who may name the database an application connects to may name one of their own; these options then
//! make the driver run a script, load a class, look up a name or send a file.

use super::evidence;
use crate::detector::{Confidence, Evidence};
use crate::seek;

/// What of an address is read.
const LONGEST: usize = 1024;

/// Options, without their values, by any driver; lower case.
const OPTIONS: [&[u8]; 15] = [
    b"allowloadlocalinfile=true",
    b"allowurlinlocalinfile=true",
    b"autodeserialize=true",
    b"queryinterceptors=",
    b"statementinterceptors=",
    b"detectcustomcollations=true",
    b"socketfactory=",
    b"socketfactoryarg=",
    b"sslfactory=",
    b"authenticationpluginclassname=",
    b"clientrerouteserverlistjndiname=",
    b"jndiname=ldap",
    b"init=runscript",
    b"init=create",
    b"slavehost=",
];

/// An address with such an option.
pub(super) fn read(text: &[u8]) -> Option<Evidence> {
    let at = text
        .windows(5)
        .take(LONGEST)
        .position(|own| own.eq_ignore_ascii_case(b"jdbc:"))?;
    let rest = text.get(at..text.len().min(at + LONGEST))?;
    let end = rest
        .iter()
        .position(|own| matches!(own, b'\n' | b'"'))
        .unwrap_or(rest.len());
    let rest = rest.get(..end)?;
    let option = seek::memchr3_iter(b'?', b'&', b';', rest)
        .chain(seek::memchr2_iter(b':', b',', rest))
        .find_map(|mark| {
            let own = rest.get(mark + 1..)?.trim_ascii_start();
            let known = OPTIONS.iter().find(|option| {
                own.get(..option.len())
                    .is_some_and(|own| own.eq_ignore_ascii_case(option))
            })?;
            Some(mark + 1 + known.len())
        })?;
    evidence(
        at,
        at + option,
        "an address of a database that makes its driver run or send something",
        Confidence::Certain,
    )
}
