using RsyncS3Backup.HelpBuilder;

List<PageProblem> problems = [];
switch (args)
{
    case ["help", var pages, var guides, var maml]:
        HelpBuild build = HelpBuild.Read(pages, guides);
        problems.AddRange(build.Problems);
        if (problems.Count == 0)
        {
            build.Write(maml);
            Console.WriteLine($"{maml}: {build.Commands.Count} commands, {build.Topics.Count} about topics");
        }

        break;
    case ["manifest", var manifest, var changelog, var target]:
        string text = ReleaseNotes.AddTo(File.ReadAllText(manifest), File.ReadAllText(changelog), changelog, problems);
        if (problems.Count == 0)
            File.WriteAllText(target, text);
        break;
    case ["compact", var folder, .. var files]:
        foreach (string file in files)
            File.WriteAllText(Path.Combine(folder, Path.GetFileName(file)), CompactXml.Of(File.ReadAllText(file)));
        break;
    default:
        Console.Error.WriteLine("""
            Usage: dotnet RsyncS3Backup.HelpBuilder.dll help <folder of pages> <folder of guides> <MAML file to write>
                   dotnet RsyncS3Backup.HelpBuilder.dll manifest <manifest> <changelog> <manifest to write>
                   dotnet RsyncS3Backup.HelpBuilder.dll compact <folder to write to> <format or type file>...
            """);
        return 2;
}

foreach (PageProblem problem in problems)
    Console.Error.WriteLine(problem);
return problems.Count > 0 ? 1 : 0;
