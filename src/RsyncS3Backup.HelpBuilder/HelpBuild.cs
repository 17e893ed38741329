using System.Text;

namespace RsyncS3Backup.HelpBuilder;

/// <summary>Every page of one folder: the commands go into one MAML file, each about topic into a text file beside it.</summary>
internal sealed class HelpBuild
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private HelpBuild(IReadOnlyList<CommandPage> commands, IReadOnlyList<AboutTopic> topics, IReadOnlyList<PageProblem> problems) =>
        (Commands, Topics, Problems) = (commands, topics, problems);

    public IReadOnlyList<CommandPage> Commands { get; }

    public IReadOnlyList<AboutTopic> Topics { get; }

    public IReadOnlyList<PageProblem> Problems { get; }

    public static HelpBuild Read(string folder)
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
        return new HelpBuild(commands, topics, problems);
    }

    public void Write(string mamlFile)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(mamlFile))!;
        Directory.CreateDirectory(folder);
        MamlWriter.Write(Commands).Save(mamlFile);
        foreach (AboutTopic topic in Topics)
            File.WriteAllText(Path.Combine(folder, topic.Name + ".help.txt"), topic.Text, Utf8);
    }
}
