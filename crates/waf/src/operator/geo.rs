//! `@geoLookup`: where an address is, from a database in MaxMind's format.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use maxminddb::Reader;
use serde::Deserialize;

/// A database of places, in memory.
#[derive(Clone)]
pub struct Places(Arc<Reader<Vec<u8>>>);

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Places")
            .field(&self.0.metadata().database_type)
            .finish()
    }
}

impl PartialEq for Places {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What is known of an address: the names that `GEO` has for it, and the values.
pub type Place = Vec<(&'static str, String)>;

/// What databases of countries and of cities have in common.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    continent: Area<'a>,
    #[serde(borrow, default)]
    country: Area<'a>,
    #[serde(borrow, default)]
    city: Area<'a>,
    #[serde(borrow, default)]
    subdivisions: Vec<Area<'a>>,
    #[serde(borrow, default)]
    postal: Area<'a>,
    #[serde(default)]
    location: Location,
}

#[derive(Default, Deserialize)]
struct Area<'a> {
    code: Option<&'a str>,
    iso_code: Option<&'a str>,
    #[serde(borrow, default)]
    names: BTreeMap<&'a str, &'a str>,
}

#[derive(Default, Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
    metro_code: Option<u16>,
}

impl Places {
    /// Reads a database.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        let own = Self(Arc::new(
            Reader::from_source(bytes).map_err(|fault| fault.to_string())?,
        ));
        // A database of networks or of devices knows no places.
        let kind = &own.0.metadata().database_type;
        if ["Country", "City", "Location", "Enterprise"]
            .iter()
            .any(|own| kind.contains(own))
        {
            Ok(own)
        } else {
            Err(format!("a database of the kind `{kind}` knows no places"))
        }
    }

    /// Where an address, as text, is. Names are those of ModSecurity's manual; what the database does
    /// not know has none. `None` for what is no address, and for one that is nowhere.
    #[must_use]
    pub fn find(&self, address: &[u8]) -> Option<Place> {
        let address: IpAddr = std::str::from_utf8(address).ok()?.trim().parse().ok()?;
        let found = self.0.lookup(address.to_canonical()).ok()?;
        let own: Record<'_> = found.decode().ok()??;
        let name = |area: &Area<'_>| area.names.get("en").map(ToString::to_string);
        let number = |number: Option<f64>| number.map(|own| own.to_string());
        let region = own.subdivisions.first();
        let known = [
            ("COUNTRY_CODE", own.country.iso_code.map(str::to_owned)),
            ("COUNTRY_NAME", name(&own.country)),
            ("COUNTRY_CONTINENT", own.continent.code.map(str::to_owned)),
            (
                "REGION",
                region.and_then(|own| own.iso_code).map(str::to_owned),
            ),
            ("CITY", name(&own.city)),
            ("POSTAL_CODE", own.postal.code.map(str::to_owned)),
            ("LATITUDE", number(own.location.latitude)),
            ("LONGITUDE", number(own.location.longitude)),
            ("DMA_CODE", number(own.location.metro_code.map(f64::from))),
        ];
        let known = known.into_iter();
        let place: Place = known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        (!place.is_empty()).then_some(place)
    }
}
