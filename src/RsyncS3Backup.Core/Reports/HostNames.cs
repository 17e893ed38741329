namespace RsyncS3Backup.Reports;

/// <summary>Names of machines, as people and machines write them.</summary>
internal static class HostNames
{
    /// <summary>The machine of an address of ssh: <c>user@nas:2222</c> is <c>nas</c>.</summary>
    public static string Of(string address)
    {
        string host = address[(address.LastIndexOf('@') + 1)..];
        int colon = host.IndexOf(':', StringComparison.Ordinal);
        // More than one is an address of IPv6.
        return colon > 0 && colon == host.LastIndexOf(':') ? host[..colon] : host;
    }

    /// <summary>True for what means this machine on every machine, and so tells none from another.</summary>
    public static bool IsLoopback(string host) => host is "127.0.0.1" or "::1" || host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>True for two names of one machine: in any case, and with or without its domain.</summary>
    public static bool AreSame(string first, string second)
    {
        if (first.Equals(second, StringComparison.OrdinalIgnoreCase))
            return true;
        bool oneIsShort = first.Contains('.', StringComparison.Ordinal) != second.Contains('.', StringComparison.Ordinal);
        return oneIsShort && Short(first).Equals(Short(second), StringComparison.OrdinalIgnoreCase);

        static string Short(string name) => name.Length == 0 || char.IsAsciiDigit(name[0]) ? name : name.Split('.')[0];
    }
}
