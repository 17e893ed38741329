using System.Globalization;

namespace Mutations;

/// <summary>What a person reads at the end.</summary>
internal static class Report
{
    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="files">The files, in order.</param>
    /// <param name="mutants">Their mutants.</param>
    /// <param name="fates">What became of each.</param>
    /// <param name="equivalents">Those that nobody can notice.</param>
    /// <param name="threshold">How much of each file has to be caught, in percent.</param>
    /// <returns>True when that is so.</returns>
    public static bool Write(
        TextWriter writer, IReadOnlyList<string> files, IReadOnlyList<Mutant> mutants, IReadOnlyDictionary<int, Fate> fates,
        Equivalents equivalents, double threshold)
    {
        List<(string File, Count Count)> counts = [];
        foreach (string file in files)
        {
            Count count = default;
            foreach (Mutant mutant in mutants.Where(mutant => mutant.File == file))
            {
                Fate fate = fates[mutant.Id];
                if (fate is Fate.Caught or Fate.CaughtByForce)
                    count.Caught++;
                else if (equivalents.Has(mutant))
                    count.Equivalent++;
                else
                {
                    count.Survived++;
                    string mutated = mutant.Mutated.Length == 0 ? "(left out)" : mutant.Mutated;
                    string how = fate == Fate.NotReached ? " [no test runs it]" : "";
                    writer.WriteLine($"{file}:{mutant.Line} {mutant.Member}: {mutant.Original} → {mutated}{how}");
                }
            }

            counts.Add((file, count));
        }

        foreach (string unused in equivalents.Unused([.. files]))
            writer.WriteLine($"In the list of equivalent mutants, and none that survives: {unused}");
        writer.WriteLine();
        writer.WriteLine("  caught survived equivalent        file");
        foreach ((string file, Count count) in counts)
            writer.WriteLine(Line(count, count.Percent < threshold ? file + "  <--" : file));
        Count sum = new(counts.Sum(count => count.Count.Caught), counts.Sum(count => count.Count.Survived), counts.Sum(count => count.Count.Equivalent));
        writer.WriteLine(Line(sum, $"{files.Count} files"));
        return counts.TrueForAll(count => count.Count.Percent >= threshold);
    }

    private static string Line(Count count, string name) => string.Create(
        CultureInfo.InvariantCulture, $"{count.Caught,8} {count.Survived,8} {count.Equivalent,10} {count.Percent,5:0.0} % {name}");

    private record struct Count(int Caught, int Survived, int Equivalent)
    {
        public readonly double Percent => Caught + Survived == 0 ? 100 : 100.0 * Caught / (Caught + Survived);
    }
}
