using System.Globalization;
using System.Text;
using System.Text.Json;
using RsyncS3Backup.Files;

namespace RsyncS3Backup.Configuration;

/// <summary>
/// The files that a job is made of: the defaults of its folder, what it extends, and its own, which counts most. Objects are merged key by key;
/// of everything else the last one counts whole.
/// </summary>
/// <param name="problems">Told what is wrong with the files beneath the job's own.</param>
internal sealed class ConfigurationLayers(ConfigurationProblems problems)
{
    /// <summary>The file that holds what the jobs of its folder share; it is no job.</summary>
    public const string DefaultsName = "defaults.jsonc";

    // A home for fifty machines needs two or three; more is a mistake.
    private const int MostExtended = 8;

    private readonly List<string> files = [];

    /// <summary>The files beneath the job's own, absolute.</summary>
    public IReadOnlyList<string> Files => files;

    /// <summary>True for the path of a file that holds defaults.</summary>
    public static bool IsDefaults(string path) => ConfigurationPaths.NameComparer.Equals(Path.GetFileName(path), DefaultsName);

    /// <summary>The file of defaults in the folder of a job's file; null where there is none.</summary>
    public static string? DefaultsBeside(string path)
    {
        string defaults = Path.Join(Path.GetDirectoryName(path), DefaultsName);
        // A link that leads nowhere is there: what it should say must not be missing silently.
        return Path.Exists(defaults) || new FileInfo(defaults).LinkTarget is not null ? defaults : null;
    }

    /// <summary>The job with everything that the other files say.</summary>
    /// <param name="job">What its own file says.</param>
    /// <param name="path">Its own file, absolute.</param>
    /// <exception cref="BackupException">One of the others cannot be read, or must not be trusted.</exception>
    public ConfigurationNode Merge(ConfigurationNode job, string path)
    {
        ConfigurationNode merged = WithExtended(job, path);
        return DefaultsBeside(path) is { } defaults ? Merge(ReadDefaults(defaults), merged) : merged;
    }

    /// <summary>The defaults that a file holds.</summary>
    /// <exception cref="BackupException">It cannot be read, or must not be trusted.</exception>
    public ConfigurationNode ReadDefaults(string defaults)
    {
        ConfigurationNode read = Read(defaults);
        foreach (ConfigurationMember member in read.Members.Where(member => member.Key is "name" or "extends"))
            problems.Add(member, $"'{member.Key}' is each job's own, and here stands what the jobs of the folder share.", "this key in the file of a job");
        return Without(read, ["$schema", "name", "extends"]);
    }

    /// <summary>The text of a new job that leaves to the defaults of its folder what nobody asked for, and says all that was asked for.</summary>
    /// <param name="json">The text: most keys with what counts without defaults, and without what was asked for where that is the same.</param>
    /// <param name="path">The job's file, absolute.</param>
    /// <param name="given">What was asked for.</param>
    /// <param name="implied">What was asked for by something else.</param>
    /// <exception cref="BackupException">The defaults cannot be read, or must not be trusted.</exception>
    public static string LeaveToDefaults(string json, string path, ConfigurationSettings given, string implied)
    {
        if (DefaultsBeside(path) is not { } file)
            return json;
        ConfigurationNode defaults = new ConfigurationLayers(new ConfigurationProblems(file, new NamedSchema(null))).ReadDefaults(file);
        IEnumerable<ConfigurationParameter> left = ConfigurationKeys.Parameters.Except(given.Parameters)
            .Where(parameter => parameter.Name != implied && Find(defaults, parameter.Path) is not null);
        return given.ApplyTo(json, left);
    }

    /// <summary>What the files beneath a job's own say of keys that it leaves to them.</summary>
    /// <param name="json">What the job's own file says.</param>
    /// <param name="path">That file, absolute.</param>
    /// <param name="parameters">The keys.</param>
    /// <exception cref="BackupException">One of the others cannot be read, or must not be trusted.</exception>
    public static IEnumerable<(ConfigurationParameter Parameter, ConfigurationNode Said)> StillSaid(
        string json, string path, IReadOnlyList<ConfigurationParameter> parameters)
    {
        if (parameters.Count == 0)
            yield break;
        ConfigurationLayers layers = new(new ConfigurationProblems(path, new NamedSchema(null)));
        ConfigurationNode merged = layers.Merge(ConfigurationFile.Parse(Encoding.UTF8.GetBytes(json), path), path);
        foreach (ConfigurationParameter parameter in parameters)
        {
            if (Find(merged, parameter.Path) is { } said && said.Path != path)
                yield return (parameter, said);
        }
    }

    private static ConfigurationNode? Find(ConfigurationNode node, IReadOnlyList<string> path) =>
        path.Aggregate((ConfigurationNode?)node, (at, name) => at?.Members.FirstOrDefault(member => member.Key == name)?.Value);

    private ConfigurationNode WithExtended(ConfigurationNode job, string path)
    {
        List<string> chain = [path];
        ConfigurationNode merged = job;
        for (ConfigurationNode? named = ExtendedBy(job); named is not null;)
        {
            merged = Without(merged, ["extends"]);
            string file = Path.GetFullPath(ConfigurationPaths.Expand(named.Text), Path.GetDirectoryName(chain[^1])!);
            string? problem = chain.Contains(file, ConfigurationPaths.NameComparer)
                ? $"It leads in a circle: {string.Join(" extends ", chain.Append(file).Select(link => $"'{link}'"))}."
                : chain.Count > MostExtended ? string.Create(CultureInfo.InvariantCulture, $"More than {MostExtended} files extend one another.")
                : !Path.Exists(file) ? $"There is no file '{file}'."
                : null;
            if (problem is not null)
            {
                problems.Add(named, problem, KeyRule.ConfigurationFile.Allowed);
                break;
            }

            chain.Add(file);
            ConfigurationNode read = Read(file);
            named = ExtendedBy(read);
            merged = Merge(Without(read, named is null ? ["$schema", "name"] : ["$schema", "name", "extends"]), merged);
        }

        return merged;
    }

    /// <summary>What a file says that it extends; null for nothing, and for what the check of its key refuses.</summary>
    private static ConfigurationNode? ExtendedBy(ConfigurationNode job) =>
        job.Members.Where(member => member.Key == "extends").ToArray() is [{ Value: { Kind: ConfigurationNodeKind.Text } named }]
        && KeyRule.ConfigurationFile.Problem(named.Text) is null
            ? named
            : null;

    private ConfigurationNode Read(string file)
    {
        if ((FileSafety.Problem(file) ?? FileSafety.FolderProblem(Path.GetDirectoryName(file)!) ?? FileSafety.KindProblem(file)
            // Where a link leads, likewise.
            ?? FileSafety.FolderProblem(Path.GetDirectoryName(RealPath.Of(file))!)) is { } because)
            throw new BackupException(ConfigurationErrors.Unsafe(file, because));
        files.Add(file);
        try
        {
            ConfigurationNode read = ConfigurationFile.Parse(ConfigurationFile.Read(file), file);
            if (read.Kind == ConfigurationNodeKind.Object)
                return Once(read);
            problems.Add(read, "The file does not hold an object.", "an object with keys of a job: { … }");
            return new ConfigurationNode(ConfigurationNodeKind.Object, "$", 1) { Path = file };
        }
        catch (JsonException exception)
        {
            throw new BackupException(ConfigurationErrors.Malformed(file, exception), exception);
        }
    }

    /// <summary>Each key once. Merging would lose the second one without a word.</summary>
    private ConfigurationNode Once(ConfigurationNode node)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        List<ConfigurationMember> members = [];
        foreach (ConfigurationMember member in node.Members)
        {
            if (seen.Add(member.Key))
                members.Add(member with { Value = Once(member.Value) });
            else
                problems.Twice(member);
        }

        return node with { Members = members };
    }

    private static ConfigurationNode Merge(ConfigurationNode below, ConfigurationNode above) =>
        (below.Kind, above.Kind) != (ConfigurationNodeKind.Object, ConfigurationNodeKind.Object)
            ? above
            : above with
            {
                Members =
                [
                    .. above.Members.Select(member => below.Members.FirstOrDefault(other => other.Key == member.Key) is { } other
                        ? member with { Value = Merge(other.Value, member.Value) }
                        : member),
                    .. below.Members.Where(member => above.Members.All(other => other.Key != member.Key)),
                ],
            };

    private static ConfigurationNode Without(ConfigurationNode node, IReadOnlyList<string> keys) =>
        node with { Members = [.. node.Members.Where(member => !keys.Contains(member.Key))] };
}
