//! Functions of server-side languages through which injected code shows itself.

/// What calling a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// Runs a command of the system.
    Command,
    /// Runs a string as code, or a function by its name.
    Eval,
    /// Shows the server: attackers call it first.
    Info,
    /// Prints its argument: tells only when that is another call.
    Print,
    /// Loads a module by its name, in an expression.
    Import,
    /// Node's `require`.
    Require,
    /// Reads a file or an address.
    Read,
    /// Writes a file.
    Write,
    /// `Runtime.getRuntime()`.
    Runtime,
    /// Makes a COM object.
    Object,
}

/// What a function (lower case) does.
#[rustfmt::skip]
pub(super) fn function(name: &[u8]) -> Option<Function> {
    Some(match name {
        b"system" | b"exec" | b"shell_exec" | b"passthru" | b"popen" | b"popen2" | b"popen3" | b"proc_open" | b"pcntl_exec"
        | b"execsync" | b"execfile" | b"execfilesync" | b"spawn" | b"spawnsync" | b"check_output" | b"check_call"
        | b"getoutput" | b"getstatusoutput" | b"execve" | b"execl" | b"execv" | b"wsystem" | b"capture2" | b"capture2e" | b"capture3"
        | b"expect_popen" | b"ssh2_exec" | b"win_shell_execute" | b"processbuilder" | b"shellexecute" | b"execute" => Function::Command,
        b"eval" | b"assert" | b"create_function" | b"call_user_func" | b"call_user_func_array" | b"array_map"
        | b"array_filter" | b"usort" | b"uasort" | b"preg_replace" | b"preg_replace_callback" | b"unserialize" | b"compile"
        | b"register_shutdown_function" | b"forward_static_call" | b"array_walk" | b"execglobal" | b"eval_r" | b"instance_eval" | b"class_eval"
        | b"runinnewcontext" | b"runinthiscontext" | b"include" | b"include_once" | b"require_once" | b"extract" | b"parse_str" => Function::Eval,
        b"phpinfo" | b"phpversion" | b"php_uname" | b"get_current_user" | b"getmypid" | b"show_source" | b"highlight_file"
        | b"php_ini_loaded_file" | b"get_defined_vars" => Function::Info,
        b"print" | b"echo" | b"die" | b"exit" | b"printf" | b"print_r" | b"var_dump" | b"var_export" | b"puts" | b"md5" | b"println" | b"end" | b"send" | b"write"
        | b"error_log" => Function::Print,
        b"__import__" | b"import_module" => Function::Import,
        b"require" | b"import" => Function::Require,
        b"file_get_contents" | b"readfile" | b"file" | b"fopen" | b"open" | b"readfilesync" | b"scandir" | b"opendir" | b"glob"
        | b"listdir" | b"readdirsync" | b"simplexml_load_file" | b"fpassthru" => Function::Read,
        b"file_put_contents" | b"move_uploaded_file" | b"fputs" | b"fwrite" | b"writefilesync" | b"copy" | b"unlink" => Function::Write,
        b"getruntime" => Function::Runtime,
        b"createobject" | b"activexobject" => Function::Object,
        _ => return None,
    })
}

/// Functions that make a string of something unreadable, or show something of the server.
#[rustfmt::skip]
pub(super) fn telling(name: &[u8]) -> bool {
    matches!(name, b"md5" | b"sha1" | b"base64_decode" | b"base64_encode" | b"hex2bin" | b"bin2hex" | b"str_rot13" | b"gzinflate" | b"gzuncompress"
        | b"gzdecode" | b"chr" | b"strrev" | b"rawurldecode" | b"urldecode" | b"pack" | b"convert_uudecode" | b"phpinfo" | b"phpversion" | b"php_uname"
        | b"system" | b"exec" | b"shell_exec" | b"passthru" | b"popen" | b"file_get_contents" | b"getcwd" | b"get_current_user" | b"crypt" | b"__import__"
        | b"b64decode" | b"atob" | b"getenv" | b"posix_getpwuid" | b"fromcharcode" | b"compile" | b"pi" | b"require" | b"base64" | b"ini_get" | b"hash" | b"scandir")
}

/// Owners through which a function of the system is called: `os.system`, `Kernel.exec`.
pub(super) fn owner(name: &[u8]) -> bool {
    matches!(
        name,
        b"os"
            | b"posix"
            | b"commands"
            | b"subprocess"
            | b"child_process"
            | b"kernel"
            | b"io"
            | b"open3"
            | b"pty"
            | b"process"
            | b"cp"
            | b"shell"
            | b"wscript"
            | b"popen2"
            | b"asyncio"
            | b"file"
            | b"fs"
            | b"dir"
            | b"importlib"
    )
}
