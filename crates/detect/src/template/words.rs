//! Words inside template expressions, and what they tell.

/// What a word tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// No template has a use for it: it leads out of the template.
    Escape,
    /// So does calling it.
    Call,
    /// So does reaching something through it (`java.lang`, `os.system`).
    Owner,
    /// `constructor`, which is harmless in `x.constructor.name`.
    Constructor,
    /// Templates show it rarely, and attackers first.
    Look,
}

/// What a word inside an expression tells.
#[allow(clippy::too_many_lines, reason = "a table")]
#[rustfmt::skip]
pub(super) fn word(word: &[u8]) -> Option<Word> {
    Some(match word {
        b"__class__"
        | b"__mro__"
        | b"__subclasses__"
        | b"__globals__"
        | b"__builtins__"
        | b"__import__"
        | b"__base__"
        | b"__bases__"
        | b"__getitem__"
        | b"__getattribute__"
        | b"__proto__"
        | b"__init__"
        | b"__dict__"
        | b"__reduce__"
        | b"func_globals"
        | b"gi_frame"
        | b"_TemplateReference__context"
        | b"_memberAccess"
        | b"OgnlContext"
        | b"OgnlUtil"
        | b"allowStaticMethodAccess"
        | b"excludedClasses"
        | b"excludedPackageNames"
        | b"ServletActionContext"
        | b"getRuntime"
        | b"ProcessBuilder"
        | b"ProcessImpl"
        | b"ScriptEngineManager"
        | b"getEngineByName"
        | b"classLoader"
        | b"getClassLoader"
        | b"getDeclaredMethods"
        | b"getDeclaredConstructors"
        | b"getMethod"
        | b"URLClassLoader"
        | b"registerUndefinedFilterCallback"
        | b"registerUndefinedFunctionCallback"
        | b"child_process"
        | b"mainModule"
        | b"subprocess"
        | b"JythonRuntime"
        | b"ObjectConstructor"
        | b"freemarker"
        | b"Smarty_Internal_Write_File"
        | b"getStreamVariable"
        | b"FileOutputStream"
        | b"execSync"
        | b"spawnSync"
        | b"Diagnostics"
        | b"setCache"
        | b"getSourceAsStream"
        | b"_getframe"
        | b"protectionDomain"
        | b"get_admin_log" | b"_charset" | b"inspectClass" | b"SECRET_KEY" | b"pageContext" | b"applicationScope" | b"facesContext" => Word::Escape,
        b"system" | b"binding" | b"exec" | b"popen" | b"popen2" | b"popen3" | b"capture2" | b"capture3" | b"passthru" | b"shell_exec"
        | b"proc_open" | b"phpinfo" | b"eval" | b"execute" | b"getClass" | b"forName"
        | b"file_get_contents" | b"readfile" | b"file_put_contents" | b"loadClass"
        | b"newInstance" | b"spawn" | b"assert" | b"call_user_func" | b"file_excerpt"
        | b"listdir" | b"instance_eval" | b"get_user_file" | b"fopen" | b"var_dump"
        | b"getParameter" | b"attr" | b"check_output" => Word::Call,
        b"java" | b"javax" | b"os" | b"Runtime" | b"System" | b"IO" | b"Kernel" | b"Dir"
        | b"_self" | b"lipsum" | b"cycler" | b"joiner" | b"ognl" | b"sun" | b"com_opensymphony"
        | b"groovy" | b"Eval" | b"commons" => Word::Owner,
        b"constructor" => Word::Constructor,
        b"config"
        | b"settings"
        | b"self"
        
        
        | b"sessionScope"
        | b"requestScope"
        
        | b"data_model"
        | b"smarty"
        
        | b"debug"
        | b"dump"
        | b"get_flashed_messages"
        | b"url_for"
        | b"_context"
        | b"globals"
        | b"ENV"
        | b"environ"
        | b"phpversion"
        | b"php"
        | b"File"
        | b"application"
        | b"initParam"
        | b"_request"
        | b"namespace" => Word::Look,
        _ => return None,
    })
}

/// Methods of what a template of Go is given that run what they are told.
pub(super) fn is_method(word: &[u8]) -> bool {
    matches!(
        word,
        b"System"
            | b"Exec"
            | b"ExecCommand"
            | b"ExecCmd"
            | b"Execute"
            | b"Command"
            | b"RunCommand"
            | b"RunCmd"
            | b"Cmd"
            | b"Shell"
            | b"Popen"
    )
}
