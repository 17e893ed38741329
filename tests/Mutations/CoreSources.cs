using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Mutations;

/// <summary>Core as the build compiles it.</summary>
internal static class CoreSources
{
    /// <summary>All of its sources, those that generators write included.</summary>
    /// <param name="project">The project's folder.</param>
    public static CSharpCompilation Load(string project)
    {
        CSharpCommandLineArguments arguments = CSharpCommandLineParser.Default.Parse(CompilerArguments(project), project, sdkDirectory: null);
        SyntaxTree[] trees = [.. arguments.SourceFiles.AsParallel().AsOrdered().Select(file => CSharpSyntaxTree.ParseText(
            SourceText.From(File.ReadAllText(file.Path), Encoding.UTF8), arguments.ParseOptions, file.Path))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            arguments.CompilationName ?? "RsyncS3Backup.Core", trees,
            arguments.MetadataReferences.Select(reference => MetadataReference.CreateFromFile(Path.GetFullPath(reference.Reference, project))),
            arguments.CompilationOptions
                .WithGeneralDiagnosticOption(ReportDiagnostic.Suppress)
                .WithSpecificDiagnosticOptions([])
                // The warnings are of no use here, and some are errors in the build.
                .WithWarningLevel(0));
        ISourceGenerator[] generators = [.. arguments.AnalyzerReferences
            .Where(reference => reference.FilePath.Contains("netcore.app.ref", StringComparison.OrdinalIgnoreCase))
            .SelectMany(reference => new AnalyzerFileReference(reference.FilePath, new Loader()).GetGenerators(LanguageNames.CSharp))];
        CSharpGeneratorDriver.Create(generators, parseOptions: arguments.ParseOptions)
            .RunGeneratorsAndUpdateCompilation(compilation, out Compilation complete, out _);
        return (CSharpCompilation)complete;
    }

    private static string[] CompilerArguments(string project)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = project,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "msbuild", "-t:Compile", "-getItem:CscCommandLineArgs", "-p:Configuration=Release", "-p:BuildProjectReferences=false",
                // What an editor asks the build: the arguments, and no compiling.
                "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true", "-p:NonExistentFile=__none__",
            },
        };
        using Process build = Process.Start(start)!;
        string answer = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        if (build.ExitCode != 0)
            throw new InvalidOperationException($"The build does not tell how it compiles {project}:\n{answer}");
        using JsonDocument document = JsonDocument.Parse(answer);
        return [.. document.RootElement.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
            // A generator's helpers lie beside it, where LoadFrom looks.
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
