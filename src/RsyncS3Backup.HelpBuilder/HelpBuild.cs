using System.Text;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>All pages: the commands go into one MAML file, each about topic and each guide into a text file beside it.</summary>
internal sealed class HelpBuild
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private HelpBuild(IReadOnlyList<CommandPage> commands, IReadOnlyList<AboutTopic> topics, IReadOnlyList<PageProblem> problems) =>
        (Commands, Topics, Problems) = (commands, topics, problems);

    public IReadOnlyList<CommandPage> Commands { get; }

    public IReadOnlyList<AboutTopic> Topics { get; }

    public IReadOnlyList<PageProblem> Problems { get; }

    /// <param name="folder">Holds the pages of the commands and the about topics.</param>
    /// <param name="guidesFolder">Holds the guides; null: there are none.</param>
    public static HelpBuild Read(string folder, string? guidesFolder = null)
    {
        List<CommandPage> commands = [];
        List<AboutTopic> topics = [];
        List<PageProblem> problems = [];
        foreach (string file in Directory.GetFiles(folder, "*.md").Order(StringComparer.Ordinal))
        {
            string markdown = File.ReadAllText(file);
            if (Path.GetFileName(file).StartsWith("about_", StringComparison.Ordinal))
                topics.Add(AboutTopic.Read(file, markdown, problems));
            else
                commands.Add(CommandPageReader.Read(file, markdown, problems));
        }

        if (commands.Count == 0)
            problems.Add(new PageProblem(folder, 1, "The folder has no command page (*.md)."));
        if (guidesFolder is not null)
            topics.AddRange(Guide.All.Select(guide => AboutTopic.Read(guide, guidesFolder, problems)));
        return new HelpBuild(commands, topics, problems);
    }

    public void Write(string mamlFile)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(mamlFile))!;
        Directory.CreateDirectory(folder);
        // Of a topic that has another name now, nothing may be shipped.
        foreach (string old in Directory.GetFiles(folder, "about_*.help.txt"))
            File.Delete(old);
        MamlWriter.Write(Commands).Save(mamlFile);
        foreach (AboutTopic topic in Topics)
            File.WriteAllText(Path.Combine(folder, topic.Name + ".help.txt"), topic.Text, Utf8);
    }
}
