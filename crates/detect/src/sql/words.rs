//! The words of SQL, by the part they play in a query.

use super::facts::Grade;

/// What an unquoted word is, in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name: column, table, alias, unknown function.
    Name,
    /// AND, OR, XOR.
    Connect,
    /// NOT.
    Not,
    /// LIKE and the other words that compare two operands.
    Like,
    /// IN.
    In,
    /// BETWEEN.
    Between,
    /// IS.
    Is,
    /// ISNULL, NOTNULL: a comparison without a second operand.
    IsNull,
    /// DIV, MOD, COLLATE, ESCAPE, AGAINST …: an operator of little meaning.
    Infix,
    /// OVER, FILTER, WITHIN: parentheses follow.
    Over,
    /// UNION, EXCEPT, INTERSECT, MINUS.
    Union,
    /// ALL, DISTINCT and the like, before a list.
    Quantity,
    /// SELECT.
    Select,
    /// FROM.
    From,
    /// WHERE, HAVING, ON: a condition follows.
    Condition,
    /// GROUP, ORDER, PARTITION: `BY` follows.
    Sort,
    /// BY.
    By,
    /// LIMIT, OFFSET, FETCH.
    Limit,
    /// INTO.
    Into,
    /// OUTFILE, DUMPFILE.
    OutFile,
    /// PROCEDURE.
    Procedure,
    /// FOR, LOCK: the end of a query.
    Lock,
    /// JOIN and the words before it.
    Join,
    /// USING, AS.
    As,
    /// ASC, DESC and other words after an operand.
    Postfix,
    /// CASE.
    Case,
    /// WHEN.
    When,
    /// THEN, ELSE.
    Then,
    /// END.
    End,
    /// NULL, TRUE, CURRENT_DATE: a value.
    Constant,
    /// BINARY, EXISTS, ANY: a word before an operand.
    Prefix,
    /// VALUES, TABLE, WITH: begin a query as SELECT does.
    Rows,
    /// The first word of a statement other than a query.
    Statement,
}

/// Longest word that is looked up; longer ones are names.
const LONGEST: usize = 40;

/// A word in lower case, without allocating.
pub(super) struct Lower {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Lower {
    /// The word in lower case; a longer one is cut and equals nothing.
    pub(super) fn new(word: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        let len = word.len().min(LONGEST);
        for (to, from) in bytes.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        Self { bytes, len }
    }

    /// The lower-case bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The part after the last dot.
    pub(super) fn last_part(&self) -> &[u8] {
        let bytes = self.as_bytes();
        bytes.rsplit(|byte| *byte == b'.').next().unwrap_or(bytes)
    }
}

/// The part a word (lower case) plays.
pub(super) fn word(lower: &[u8]) -> Word {
    WORDS.get(lower).unwrap_or(Word::Name)
}

/// What a call of this function (lower case, with its package) tells.
///
/// A dotted name is only known with a package or schema that belongs to a database: `time.sleep` is not
/// SQL, `pg_catalog.pg_sleep` is.
pub(super) fn function(lower: &Lower) -> Grade {
    let whole = lower.as_bytes();
    let of = |names: &[&str]| names.iter().any(|own| whole.starts_with(own.as_bytes()));
    match FUNCTIONS.get(whole) {
        Some(grade) => grade,
        None if of(SCHEMAS) => FUNCTIONS.get(lower.last_part()).unwrap_or(Grade::Strong),
        None if of(PACKAGES) => Grade::Strong,
        None => Grade::Unknown,
    }
}

/// Whether a name belongs to a database's own catalogue; some do only where a table is expected.
pub(super) fn catalog(lower: &Lower, table: bool) -> bool {
    let whole = lower.as_bytes();
    let letter = whole.first().copied().unwrap_or(0);
    if whole.len() < 4 || !b"adimprsuvx".contains(&letter) {
        return false;
    }
    let of = |names: &[&str]| names.iter().any(|own| whole.starts_with(own.as_bytes()));
    let listed = |names: &[&str]| {
        names
            .binary_search_by(|own| own.as_bytes().cmp(whole))
            .is_ok()
    };
    of(CATALOGS) || table && (listed(CATALOG_TABLES) || of(&["v$", "x$", "sys."]))
}

/// A sorted table with the place where each first letter begins.
struct Table<T: 'static> {
    rows: &'static [(&'static str, T)],
    /// For each letter the rows before it; one more for the end.
    letters: [u16; 27],
}

impl<T: Copy> Table<T> {
    #[expect(
        clippy::indexing_slicing,
        reason = "evaluated when the program is compiled, which an index out of bounds would stop"
    )]
    const fn new(rows: &'static [(&'static str, T)]) -> Self {
        let mut letters = [0; 27];
        let mut letter = 0;
        let mut row = 0;
        while letter < 27 {
            while row < rows.len() && rows[row].0.as_bytes()[0] < b'a' + letter as u8 {
                row += 1;
            }
            letters[letter] = row as u16;
            letter += 1;
        }
        Self { rows, letters }
    }

    fn get(&self, lower: &[u8]) -> Option<T> {
        let letter = usize::from(lower.first()?.checked_sub(b'a')?);
        let from = usize::from(*self.letters.get(letter)?);
        let to = usize::from(*self.letters.get(letter + 1)?);
        let rows = self.rows.get(from..to)?;
        let found = rows.iter().find(|(own, _)| own.as_bytes() == lower);
        found.map(|(_, part)| *part)
    }
}

/// Schemas that hold functions of the server.
static SCHEMAS: &[&str] = &[
    "master..",
    "master.dbo.",
    "pg_catalog.",
    "sys.dbms_",
    "sys.fn_",
    "sys.xp_",
];

/// Beginnings of procedures that have no use in an ordinary value.
static PACKAGES: &[&str] = &[
    "ctxsys.",
    "dbms_",
    "httpuritype",
    "ordsys.",
    "sp_oa",
    "sp_execute",
    "sp_password",
    "sp_addextendedproc",
    "sp_makewebtask",
    "utl_",
    "xp_",
    "xmltype",
];

/// Beginnings of names that belong to a catalogue.
static CATALOGS: &[&str] = &[
    "all_tab_columns",
    "all_tables",
    "information_schema",
    "master..",
    "master.dbo.",
    "master.sys.",
    "msdb.dbo.",
    "msysaccessobjects",
    "msysobjects",
    "mysql.db",
    "mysql.func",
    "mysql.innodb_",
    "mysql.user",
    "performance_schema.",
    "pg_catalog.",
    "pg_shadow",
    "pg_authid",
    "pg_database",
    "sqlite_master",
    "sqlite_schema",
    "syscat.",
    "sysibm.",
    "system.columns",
    "system.databases",
    "system.tables",
    "sys.objects",
    "sys.tables",
    "sys.databases",
    "sys.columns",
    "sys.schemas",
    "sys.sysobjects",
    "sys.sql_logins",
    "sys.user$",
    "sys.all_",
];

/// Tables of catalogues, known as such only after FROM (sorted).
static CATALOG_TABLES: &[&str] = &[
    "all_objects",
    "all_users",
    "dba_users",
    "domain.tables",
    "dual",
    "innodb_table_stats",
    "pg_class",
    "pg_ls_dir",
    "pg_proc",
    "pg_settings",
    "pg_stat_activity",
    "pg_tables",
    "pg_user",
    "rdb$database",
    "rdb$relations",
    "syscolumns",
    "sysdatabases",
    "sysdummy1",
    "syslogins",
    "sysmaster",
    "sysobjects",
    "systables",
    "sysusers",
    "sysxlogins",
    "user_objects",
    "user_tab_columns",
    "user_tables",
    "user_users",
];

/// Sorted.
static WORDS: Table<Word> = Table::new(&[
    ("against", Word::Infix),
    ("all", Word::Quantity),
    ("alter", Word::Statement),
    ("analyze", Word::Statement),
    ("and", Word::Connect),
    ("any", Word::Prefix),
    ("as", Word::As),
    ("asc", Word::Postfix),
    ("attach", Word::Statement),
    ("backup", Word::Statement),
    ("begin", Word::Statement),
    ("between", Word::Between),
    ("binary", Word::Prefix),
    ("bulk", Word::Statement),
    ("by", Word::By),
    ("call", Word::Statement),
    ("case", Word::Case),
    ("collate", Word::Infix),
    ("commit", Word::Statement),
    ("copy", Word::Statement),
    ("create", Word::Statement),
    ("cross", Word::Join),
    ("current_date", Word::Constant),
    ("current_time", Word::Constant),
    ("current_timestamp", Word::Constant),
    ("declare", Word::Statement),
    ("delete", Word::Statement),
    ("desc", Word::Postfix),
    ("distinct", Word::Quantity),
    ("distinctrow", Word::Quantity),
    ("div", Word::Infix),
    ("do", Word::Statement),
    ("drop", Word::Statement),
    ("dumpfile", Word::OutFile),
    ("else", Word::Then),
    ("end", Word::End),
    ("escape", Word::Infix),
    ("except", Word::Union),
    ("exec", Word::Statement),
    ("execute", Word::Statement),
    ("exists", Word::Prefix),
    ("explain", Word::Statement),
    ("false", Word::Constant),
    ("fetch", Word::Limit),
    ("filter", Word::Over),
    ("for", Word::Lock),
    ("from", Word::From),
    ("full", Word::Join),
    ("glob", Word::Like),
    ("goto", Word::Statement),
    ("grant", Word::Statement),
    ("group", Word::Sort),
    ("handler", Word::Statement),
    ("having", Word::Condition),
    ("if", Word::Statement),
    ("ilike", Word::Like),
    ("in", Word::In),
    ("inner", Word::Join),
    ("insert", Word::Statement),
    ("intersect", Word::Union),
    ("interval", Word::Prefix),
    ("into", Word::Into),
    ("is", Word::Is),
    ("isnull", Word::IsNull),
    ("join", Word::Join),
    ("kill", Word::Statement),
    ("left", Word::Join),
    ("like", Word::Like),
    ("limit", Word::Limit),
    ("load", Word::Statement),
    ("localtime", Word::Constant),
    ("lock", Word::Lock),
    ("match", Word::Prefix),
    ("member", Word::Infix),
    ("merge", Word::Statement),
    ("minus", Word::Union),
    ("mod", Word::Infix),
    ("natural", Word::Join),
    ("not", Word::Not),
    ("notnull", Word::IsNull),
    ("null", Word::Constant),
    ("offset", Word::Limit),
    ("on", Word::Condition),
    ("or", Word::Connect),
    ("order", Word::Sort),
    ("outer", Word::Join),
    ("outfile", Word::OutFile),
    ("over", Word::Over),
    ("partition", Word::Sort),
    ("prepare", Word::Statement),
    ("prior", Word::Prefix),
    ("procedure", Word::Procedure),
    ("reconfigure", Word::Statement),
    ("regexp", Word::Like),
    ("rename", Word::Statement),
    ("replace", Word::Statement),
    ("restore", Word::Statement),
    ("revoke", Word::Statement),
    ("right", Word::Join),
    ("rlike", Word::Like),
    ("rollback", Word::Statement),
    ("row", Word::Prefix),
    ("select", Word::Select),
    ("separator", Word::Infix),
    ("set", Word::Statement),
    ("show", Word::Statement),
    ("shutdown", Word::Statement),
    ("similar", Word::Infix),
    ("some", Word::Prefix),
    ("sounds", Word::Infix),
    ("straight_join", Word::Join),
    ("sysdate", Word::Constant),
    ("table", Word::Rows),
    ("then", Word::Then),
    ("top", Word::Quantity),
    ("true", Word::Constant),
    ("truncate", Word::Statement),
    ("union", Word::Union),
    ("unknown", Word::Constant),
    ("update", Word::Statement),
    ("use", Word::Statement),
    ("using", Word::As),
    ("vacuum", Word::Statement),
    ("values", Word::Rows),
    ("waitfor", Word::Statement),
    ("when", Word::When),
    ("where", Word::Condition),
    ("while", Word::Statement),
    ("with", Word::Rows),
    ("within", Word::Over),
    ("xor", Word::Connect),
]);

/// Sorted.
static FUNCTIONS: Table<Grade> = Table::new(&[
    ("abs", Grade::General),
    ("aes_decrypt", Grade::Strong),
    ("aes_encrypt", Grade::Strong),
    ("ascii", Grade::General),
    ("atan", Grade::General),
    ("avg", Grade::General),
    ("benchmark", Grade::Time),
    ("bin", Grade::General),
    ("bin_to_uuid", Grade::Strong),
    ("bitand", Grade::General),
    ("cast", Grade::General),
    ("ceil", Grade::General),
    ("ceiling", Grade::General),
    ("char", Grade::General),
    ("char_length", Grade::General),
    ("charindex", Grade::General),
    ("chr", Grade::General),
    ("coalesce", Grade::General),
    ("col_length", Grade::Strong),
    ("col_name", Grade::Strong),
    ("compress", Grade::General),
    ("concat", Grade::General),
    ("concat_ws", Grade::General),
    ("connection_id", Grade::Strong),
    ("conv", Grade::General),
    ("convert", Grade::General),
    ("cos", Grade::General),
    ("count", Grade::General),
    ("current_database", Grade::Strong),
    ("current_schema", Grade::Strong),
    ("current_setting", Grade::Strong),
    ("current_user", Grade::Strong),
    ("database", Grade::Named),
    ("database_to_xml", Grade::Strong),
    ("databasepropertyex", Grade::Strong),
    ("datadir", Grade::Named),
    ("db_id", Grade::Strong),
    ("db_name", Grade::Strong),
    ("dblink", Grade::Strong),
    ("dbms_lock.sleep", Grade::Time),
    ("dbms_pipe.receive_message", Grade::Time),
    ("dbms_session.sleep", Grade::Time),
    ("decode", Grade::General),
    ("elt", Grade::General),
    ("encode", Grade::General),
    ("exp", Grade::General),
    ("export_set", Grade::General),
    ("extract", Grade::General),
    ("extractvalue", Grade::Strong),
    ("field", Grade::General),
    ("file_read", Grade::Strong),
    ("filetoblob", Grade::Strong),
    ("filetoclob", Grade::Strong),
    ("find_in_set", Grade::General),
    ("floor", Grade::General),
    ("fn_xe_file_target_read_file", Grade::Strong),
    ("found_rows", Grade::Strong),
    ("generate_series", Grade::Time),
    ("geometrycollection", Grade::Strong),
    ("get_lock", Grade::Time),
    ("greatest", Grade::General),
    ("group_concat", Grade::General),
    ("gtid_subset", Grade::Strong),
    ("gtid_subtract", Grade::Strong),
    ("hex", Grade::General),
    ("host_name", Grade::Named),
    ("httpuritype", Grade::Strong),
    ("if", Grade::General),
    ("ifnull", Grade::General),
    ("iif", Grade::General),
    ("insert", Grade::General),
    ("instr", Grade::General),
    ("isnull", Grade::General),
    ("json_arrayagg", Grade::General),
    ("json_extract", Grade::General),
    ("json_keys", Grade::General),
    ("last_insert_id", Grade::Strong),
    ("lcase", Grade::General),
    ("least", Grade::General),
    ("left", Grade::General),
    ("len", Grade::General),
    ("length", Grade::General),
    ("like", Grade::General),
    ("linestring", Grade::Strong),
    ("listagg", Grade::General),
    ("lo_export", Grade::Strong),
    ("lo_import", Grade::Strong),
    ("load_extension", Grade::Strong),
    ("load_file", Grade::Strong),
    ("locate", Grade::General),
    ("lower", Grade::General),
    ("lpad", Grade::General),
    ("ltrim", Grade::General),
    ("make_set", Grade::General),
    ("master_pos_wait", Grade::Time),
    ("max", Grade::General),
    ("md5", Grade::General),
    ("mid", Grade::General),
    ("min", Grade::General),
    ("mod", Grade::General),
    ("multilinestring", Grade::Strong),
    ("multipoint", Grade::Strong),
    ("multipolygon", Grade::Strong),
    ("name_const", Grade::Strong),
    ("now", Grade::General),
    ("nullif", Grade::General),
    ("nvl", Grade::General),
    ("object_id", Grade::Strong),
    ("object_name", Grade::Strong),
    ("openquery", Grade::Strong),
    ("openrowset", Grade::Strong),
    ("ord", Grade::General),
    ("password", Grade::General),
    ("pg_client_encoding", Grade::Strong),
    ("pg_ls_dir", Grade::Strong),
    ("pg_read_binary_file", Grade::Strong),
    ("pg_read_file", Grade::Strong),
    ("pg_sleep", Grade::Time),
    ("pg_sleep_for", Grade::Time),
    ("pg_sleep_until", Grade::Time),
    ("polygon", Grade::General),
    ("position", Grade::General),
    ("pow", Grade::General),
    ("power", Grade::General),
    ("query_to_xml", Grade::Strong),
    ("quote", Grade::General),
    ("rand", Grade::General),
    ("randomblob", Grade::Time),
    ("regexp_like", Grade::General),
    ("regexp_substring", Grade::General),
    ("repeat", Grade::General),
    ("replace", Grade::General),
    ("reverse", Grade::General),
    ("right", Grade::General),
    ("round", Grade::General),
    ("row_count", Grade::Named),
    ("row_number", Grade::General),
    ("rpad", Grade::General),
    ("rtrim", Grade::General),
    ("schema", Grade::Named),
    ("serverproperty", Grade::Strong),
    ("session_user", Grade::Strong),
    ("sha1", Grade::General),
    ("sign", Grade::General),
    ("sin", Grade::General),
    ("sleep", Grade::Time),
    ("sleepeachrow", Grade::Time),
    ("soundex", Grade::General),
    ("space", Grade::General),
    ("sqlite_compileoption_get", Grade::Strong),
    ("sqlite_version", Grade::Strong),
    ("sqrt", Grade::General),
    ("st_latfromgeohash", Grade::Strong),
    ("st_longfromgeohash", Grade::Strong),
    ("st_pointfromgeohash", Grade::Strong),
    ("stddev", Grade::General),
    ("str", Grade::General),
    ("strcmp", Grade::General),
    ("string_agg", Grade::General),
    ("stuff", Grade::General),
    ("substr", Grade::General),
    ("substring", Grade::General),
    ("substring_index", Grade::General),
    ("sum", Grade::General),
    ("suser_name", Grade::Strong),
    ("suser_sname", Grade::Strong),
    ("sys_context", Grade::Strong),
    ("sys_eval", Grade::Strong),
    ("sys_exec", Grade::Strong),
    ("sysdate", Grade::General),
    ("system_user", Grade::Strong),
    ("table_to_xml", Grade::Strong),
    ("tan", Grade::General),
    ("to_char", Grade::General),
    ("to_number", Grade::General),
    ("trim", Grade::General),
    ("ucase", Grade::General),
    ("uncompress", Grade::General),
    ("unhex", Grade::General),
    ("unicode", Grade::General),
    ("updatexml", Grade::Strong),
    ("upper", Grade::General),
    ("user", Grade::Named),
    ("user_lock.sleep", Grade::Time),
    ("user_name", Grade::Strong),
    ("userenv", Grade::Strong),
    ("utc_date", Grade::General),
    ("uuid", Grade::General),
    ("uuid_to_bin", Grade::Strong),
    ("version", Grade::Named),
    ("wait_for_executed_gtid_set", Grade::Time),
    ("xmltype", Grade::Strong),
    ("zeroblob", Grade::Strong),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_so_that_every_word_is_found() {
        assert!(WORDS.rows.is_sorted_by(|a, b| a.0 < b.0));
        assert!(FUNCTIONS.rows.is_sorted_by(|a, b| a.0 < b.0));
        assert!(CATALOG_TABLES.is_sorted_by(|a, b| a < b));
    }
}
