//! Classes that run, load or connect when they are built, by their names.

use super::evidence;
use crate::context::{Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::seek;

/// Classes nobody names in a request for a good reason; each stands for those that begin so. Sorted,
/// and none begins another.
#[rustfmt::skip]
static CLASSES: &[&[u8]] = &[
    b"ActiveModel::AttributeMethods", b"ActiveSupport::Cache", b"ActiveSupport::Deprecation",
    b"Gem::Installer", b"Gem::Package", b"Gem::RequestSet", b"Gem::Requirement", b"Gem::Resolver",
    b"Gem::Source", b"Gem::SpecFetcher", b"Gem::StubSpecification", b"Microsoft.Exchange",
    b"Microsoft.IdentityModel.Claims", b"Microsoft.PowerShell.Host",
    b"Microsoft.VisualStudio.Text.Formatting", b"System.Activities.Presentation.WorkflowDesigner",
    b"System.CodeDom.Compiler.TempFileCollection", b"System.Collections.Hashtable+",
    b"System.Configuration.Install.AssemblyInstaller", b"System.Data.DataViewManager",
    b"System.Data.Services.Internal.ExpandedWrapper", b"System.Diagnostics.Process",
    b"System.Drawing.Design", b"System.IO.FileInfo",
    b"System.IdentityModel.Tokens.SessionSecurityToken", b"System.Management.Automation.PSObject",
    b"System.Resources.ResourceSet", b"System.Security.Claims.ClaimsIdentity",
    b"System.Security.Principal.WindowsIdentity", b"System.Security.Principal.WindowsPrincipal",
    b"System.Web.Security.RolePrincipal", b"System.Windows.Data.ObjectDataProvider",
    b"System.Windows.Forms.AxHost", b"System.Windows.Forms.BindingSource",
    b"System.Windows.Markup.XamlReader", b"System.Windows.ResourceDictionary",
    b"System.Workflow.ComponentModel", b"br.com.anteros.dbcp", b"bsh.Interpreter",
    b"ch.qos.logback.core.JNDIConnectionSource", b"ch.qos.logback.core.db",
    b"com.alibaba.druid.pool", b"com.alibaba.fastjson.JSONObject", b"com.bea.core.repackaged",
    b"com.caucho.config.types.ResourceRef", b"com.ibatis.sqlmap.engine", b"com.ibm.websphere",
    b"com.mchange.v2.c3p0", b"com.mysql.cj.jdbc", b"com.mysql.jdbc.JDBC4Connection",
    b"com.newrelic.agent.deps", b"com.opensymphony.xwork2", b"com.p6spy",
    b"com.pastdev.httpcomponents", b"com.rometools.rome.feed.impl", b"com.sun.corba",
    b"com.sun.deploy", b"com.sun.jndi", b"com.sun.org.apache.bcel", b"com.sun.org.apache.xalan",
    b"com.sun.org.apache.xml.internal.utils.FastStringBuffer", b"com.sun.rowset",
    b"com.sun.syndication.feed.impl", b"com.sun.xml.internal", b"com.tangosol", b"com.xenoamess",
    b"com.zaxxer.hikari.HikariConfig", b"com.zaxxer.hikari.HikariDataSource",
    b"groovy.lang.GroovyClassLoader", b"groovy.util.Expando", b"java.beans.EventHandler",
    b"java.beans.XMLDecoder", b"java.lang.AutoCloseable", b"java.lang.ProcessBuilder",
    b"java.lang.ProcessImpl", b"java.lang.Runtime", b"java.net.Inet4Address",
    b"java.net.InetSocketAddress", b"java.net.URLClassLoader", b"java.rmi.server",
    b"java.util.ServiceLoader$LazyIterator", b"java.util.logging.FileHandler",
    b"javax.imageio.ImageIO$ContainsFilter", b"javax.imageio.spi.FilterIterator",
    b"javax.management.BadAttributeValueExpException", b"javax.naming.InitialContext",
    b"javax.naming.ldap.LdapName", b"javax.naming.ldap.Rdn", b"javax.script.ScriptEngineManager",
    b"javax.sql.rowset.BaseRowSet", b"javax.swing.JEditorPane", b"javax.swing.UIDefaults", b"jdk.nashorn.internal.objects",
    b"jodd.db.connection", b"net.sf.ehcache.transaction", b"net.sf.json.JSONObject$",
    b"oracle.jdbc.connector", b"oracle.jdbc.rowset", b"oracle.jms.AQ", b"oracle.toplink",
    b"org.apache.axis2.jaxws.spi.handler", b"org.apache.carbondata",
    b"org.apache.catalina.tribes", b"org.apache.cocoon.components.slide",
    b"org.apache.commons.beanutils.BeanComparator", b"org.apache.commons.collections.Transformer",
    b"org.apache.commons.collections.functors", b"org.apache.commons.collections4.functors",
    b"org.apache.commons.configuration.JNDI", b"org.apache.commons.dbcp",
    b"org.apache.commons.fileupload.disk.DiskFileItem", b"org.apache.commons.jelly",
    b"org.apache.commons.proxy", b"org.apache.drill.exec.rpc",
    b"org.apache.hadoop.shaded.com.zaxxer", b"org.apache.ibatis.datasource",
    b"org.apache.ignite.cache.jta", b"org.apache.myfaces.view.facelets.el", b"org.apache.openjpa.ee",
    b"org.apache.shiro.jndi", b"org.apache.shiro.realm.jndi", b"org.apache.tomcat.dbcp",
    b"org.apache.wicket.util.upload", b"org.apache.xalan.xsltc.trax.TemplatesImpl",
    b"org.apache.xbean.naming", b"org.apache.xbean.propertyeditor",
    b"org.aspectj.weaver.tools.cache", b"org.codehaus.groovy.runtime", b"org.h2.jdbcx",
    b"org.hibernate.jmx", b"org.jboss.interceptor", b"org.jboss.util.propertyeditor",
    b"org.jdom.transform", b"org.jdom2.transform", b"org.mozilla.javascript.NativeError",
    b"org.python.core", b"org.quartz.utils.JNDI", b"org.springframework.aop.config",
    b"org.springframework.aop.target", b"org.springframework.beans.factory.ObjectFactory",
    b"org.springframework.beans.factory.config.MethodInvokingFactoryBean",
    b"org.springframework.beans.factory.config.PropertyPathFactoryBean",
    b"org.springframework.context.support.ClassPathXmlApplicationContext",
    b"org.springframework.context.support.FileSystemXmlApplicationContext",
    b"org.springframework.jndi", b"org.springframework.transaction.jta",
    b"sun.print.UnixPrintServiceLookup", b"sun.rmi.server", b"sun.swing.SwingLazyValue",
];

fn known(name: &[u8]) -> bool {
    let after = CLASSES.partition_point(|own| *own <= name);
    after
        .checked_sub(1)
        .and_then(|at| CLASSES.get(at))
        .is_some_and(|own| name.starts_with(own))
}

fn names(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._$:+".contains(&byte)
}

/// Where the name begins that a text ends with.
fn beginning(text: &[u8]) -> Option<usize> {
    let len = text.iter().rev().take_while(|byte| names(**byte)).count();
    let from = text.len() - len;
    let letter = text.get(from..)?.iter().position(u8::is_ascii_alphabetic)?;
    Some(from + letter)
}

/// Looks for names of such classes where a class is named: as the value of a type field, as a tag or
/// attribute, in quotes before more data.
pub(super) fn read(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let mut best: Option<Evidence> = None;
    // Looked for where it is asked, and once.
    let mut typed = None;
    let mut at = 0;
    for dot in seek::memchr2_iter(b'.', b':', text) {
        let Some(before) = text.get(at..dot) else {
            continue;
        };
        let Some(begin) = beginning(before).map(|own| at + own) else {
            at = dot;
            continue;
        };
        let rest = text.get(begin..)?;
        let len = rest.iter().take_while(|byte| names(**byte)).count();
        at = begin + len;
        let name = rest.get(..len)?;
        if len < 8 || name.ends_with(b":") {
            continue;
        }
        // fastjson takes `Lcom.sun.…;` for the class itself.
        let bare = name.strip_prefix(b"L").unwrap_or(name);
        if !known(name) && !known(bare) {
            continue;
        }
        let confidence = weigh(input, begin, at, &mut typed);
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            best = evidence(
                begin,
                at,
                "a class that runs something when it is built",
                confidence,
            );
        }
        if confidence == Confidence::Certain {
            break;
        }
    }
    best
}

/// How sure a class's name between `begin` and `end` is meant to be built; `typed_text`: whether the text
/// says of what type its objects are, where that is known.
fn weigh(input: &Input<'_>, begin: usize, end: usize, typed_text: &mut Option<bool>) -> Confidence {
    let text = input.text;
    let name = input.context.name;
    let before = text
        .get(begin.saturating_sub(24)..begin)
        .unwrap_or_default();
    let after = text.get(end).copied().unwrap_or(0);
    let ends = |own: &[u8]| before.len() >= own.len() && before.ends_with(own);
    let typed = [
        &b"@type"[..],
        b"$type",
        b"__type",
        b"@class",
        b"^o",
        b"json_class",
        b"$class",
    ]
    .iter()
    .any(|own| name.ends_with(own) || crate::phrases::find(before, own).is_some());
    let typed = typed
        || *typed_text.get_or_insert_with(|| crate::phrases::find(text, b"\"@type\"").is_some());
    let quote = matches!(before.last(), Some(b'"' | b'\'' | b'<' | b'!' | b'>'));
    let built = ends(b"class=\"")
        || ends(b"class='")
        || ends(b"[\"")
        || ends(b"['")
        || ends(b"!!")
        || ends(b"<")
        || ends(b"<class>")
        || ends(b"<string>")
        || ends(b"Type=\"");
    // `…&System.X.Y, System.X, Version=4.0.0.0, …`: the name .NET gives a class of an assembly.
    let rest = text.get(end..text.len().min(end + 80)).unwrap_or_default();
    let qualified = after == b',' && crate::phrases::find(rest, b", Version=").is_some();
    // Hessian: a name behind its length.
    let counted = before
        .last()
        .is_some_and(|own| usize::from(*own) == end - begin)
        && matches!(
            before.len().checked_sub(2).and_then(|at| before.get(at)),
            Some(0 | b'C' | b'H' | b'M' | b't')
        );
    let built = built || counted;
    let built = built || qualified && matches!(before.last(), Some(b'&' | b'|' | b';' | b':'));
    let whole = begin <= 2 && (end + 2 >= text.len() || after == b',');
    let quoting = matches!(input.context.field, Field::Telemetry | Field::Code);
    match (typed, built, whole) {
        (true, ..) => Confidence::Certain,
        (_, true, _) if !quoting => Confidence::Certain,
        (.., true) if !quoting && input.context.place != Place::Header => Confidence::Certain,
        (_, true, _) | (.., true) => Confidence::Likely,
        _ if quote => Confidence::Possible,
        _ => Confidence::Hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sorted_and_none_begins_another() {
        assert!(CLASSES.is_sorted());
        assert!(CLASSES.windows(2).all(|two| !two[1].starts_with(two[0])));
        assert!(known(b"com.sun.rowset.JdbcRowSetImpl") && !known(b"com.sun.example"));
    }
}
