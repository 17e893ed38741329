using System.Text;

namespace RsyncS3Backup.Runs.Hooks;

/// <summary>Keeps the beginning and the end of what a hook prints, however much it is. Thread-safe.</summary>
internal sealed class HookOutput
{
    /// <summary>How many bytes are kept of the beginning, and again of the end.</summary>
    public const int Kept = 8 * 1024;

    private readonly object gate = new();
    private readonly byte[] head = new byte[Kept];
    private readonly byte[] tail = new byte[Kept];
    private long count;

    /// <summary>Takes what was printed.</summary>
    public void Add(ReadOnlySpan<byte> printed)
    {
        lock (gate)
        {
            int toHead = (int)Math.Min(Math.Max(0, Kept - count), printed.Length);
            printed[..toHead].CopyTo(head.AsSpan((int)Math.Min(count, Kept)));
            count += toHead;
            ReadOnlySpan<byte> rest = printed[toHead..];
            // Only its end can stay, and the ring's place of a byte is that of its number.
            if (rest.Length > Kept)
            {
                count += rest.Length - Kept;
                rest = rest[^Kept..];
            }

            while (!rest.IsEmpty)
            {
                int at = (int)((count - Kept) % Kept);
                int part = Math.Min(rest.Length, Kept - at);
                rest[..part].CopyTo(tail.AsSpan(at));
                count += part;
                rest = rest[part..];
            }
        }
    }

    /// <summary>What was kept. Where something was left out, whole lines are kept, so that nothing is cut in two that must not be shown.</summary>
    public string Text()
    {
        lock (gate)
        {
            string first = Encoding.UTF8.GetString(head, 0, (int)Math.Min(count, Kept));
            long behind = count - Kept;
            if (behind <= 0)
                return first.TrimEnd();
            if (behind <= Kept)
                return Encoding.UTF8.GetString([.. head, .. tail.AsSpan(0, (int)behind)]).TrimEnd();
            int start = (int)(behind % Kept);
            string last = Encoding.UTF8.GetString([.. tail.AsSpan(start), .. tail.AsSpan(0, start)]);
            int firstEnd = first.LastIndexOf('\n');
            int lastStart = last.IndexOf('\n', StringComparison.Ordinal);
            string whole = firstEnd < 0 ? "" : first[..firstEnd];
            string wholeLast = lastStart < 0 ? "" : last[(lastStart + 1)..];
            return $"{whole}\n[… {HumanText.Bytes(count)} in all; the middle is left out …]\n{wholeLast}".TrimEnd();
        }
    }
}
