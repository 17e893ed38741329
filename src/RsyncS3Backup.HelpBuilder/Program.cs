using RsyncS3Backup.HelpBuilder;

if (args.Length != 2)
{
    Console.Error.WriteLine("Usage: dotnet RsyncS3Backup.HelpBuilder.dll <folder of pages> <MAML file to write>");
    return 2;
}

HelpBuild build = HelpBuild.Read(args[0]);
foreach (PageProblem problem in build.Problems)
    Console.Error.WriteLine(problem);
if (build.Problems.Count > 0)
    return 1;
build.Write(args[1]);
Console.WriteLine($"{args[1]}: {build.Commands.Count} commands, {build.Topics.Count} about topics");
return 0;
