using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security;
using System.Text;
using Microsoft.Win32;
using Microsoft.Win32.SafeHandles;

namespace RsyncS3Backup.Observation;

/// <summary>The log "Application" of Windows. The fields of an entry are lines below its text.</summary>
internal sealed partial class WindowsEventLog : ISystemLogSink
{
    /// <summary>What it is, as in a message.</summary>
    public const string Shown = "the event log";

    private readonly SourceHandle source;

    private WindowsEventLog(SourceHandle source) => this.source = source;

    /// <inheritdoc/>
    public string Name => Shown;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">The system refused, with its reason.</exception>
    [SupportedOSPlatform("windows")]
    public static ISystemLogSink Open()
    {
        TryDescribe();
        SourceHandle source = RegisterEventSource(null, SystemLog.Identifier);
        int error = Marshal.GetLastPInvokeError();
        if (!source.IsInvalid)
            return new WindowsEventLog(source);
        source.Dispose();
        throw new IOException(new Win32Exception(error).Message);
    }

    /// <inheritdoc/>
    public void Send(SystemLogEntry entry)
    {
        (ushort type, uint number) = TypeOf(entry);
        if (!ReportEvent(source, type, 0, number, 0, 1, 0, [TextOf(entry)], 0))
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();

    /// <summary>The type of Windows and the number of an entry. Pure.</summary>
    internal static (ushort Type, uint Number) TypeOf(SystemLogEntry entry)
    {
        const ushort error = 1;
        const ushort warning = 2;
        const ushort information = 4;
        ushort type = entry.Priority switch { <= 3 => error, 4 => warning, _ => information };
        return (type, entry.Kind switch { "start" => 1, "end" => 2, "warning" => 3, _ => 4 });
    }

    /// <summary>The text of an entry. Pure.</summary>
    internal static string TextOf(SystemLogEntry entry)
    {
        StringBuilder text = new(entry.Message);
        foreach ((string name, string? value) in entry.Fields)
        {
            if (value is not null)
                text.Append("\r\n").Append(name).Append(": ").Append(value);
        }

        return text.ToString();
    }

    // Without it the viewer says, before the text, that it has no description. It takes an administrator, once; for all others the text is enough.
    [SupportedOSPlatform("windows")]
    private static void TryDescribe()
    {
        const string key = @"SYSTEM\CurrentControlSet\Services\EventLog\Application\" + SystemLog.Identifier;
        const int allTypes = 7;
        try
        {
            using (RegistryKey? there = Registry.LocalMachine.OpenSubKey(key))
            {
                if (there is not null)
                    return;
            }

            using RegistryKey made = Registry.LocalMachine.CreateSubKey(key);
            // Its messages 1 to 1000 are the text alone: that is what eventcreate, a program of Windows, is there for.
            made.SetValue("EventMessageFile", @"%SystemRoot%\System32\EventCreate.exe", RegistryValueKind.ExpandString);
            made.SetValue("TypesSupported", allTypes, RegistryValueKind.DWord);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or SecurityException or IOException)
        {
            // It may not.
        }
    }

    [LibraryImport("advapi32", EntryPoint = "RegisterEventSourceW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial SourceHandle RegisterEventSource(string? server, string source);

    [LibraryImport("advapi32", EntryPoint = "ReportEventW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReportEvent(
        SourceHandle source, ushort type, ushort category, uint number, nint user, ushort textCount, uint dataLength, string[] texts, nint data);

    [LibraryImport("advapi32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeregisterEventSource(nint source);

    private sealed class SourceHandle() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        protected override bool ReleaseHandle() => DeregisterEventSource(handle);
    }
}
