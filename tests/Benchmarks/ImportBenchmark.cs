namespace Benchmarks;

/// <summary>What importing the module takes, in a fresh process whose engine is warm.</summary>
internal static class ImportBenchmark
{
    public static void Run()
    {
        // The first import of any module pays for the engine's own compilation; the manifest alone, imported from a copy, takes that away.
        string script = $$"""
            $warm = [IO.Path]::Combine([IO.Path]::GetTempPath(), "warm-$([guid]::NewGuid().ToString('N')).psm1")
            [IO.File]::WriteAllText($warm, 'function Get-Nothing { }')
            Import-Module $warm
            [IO.File]::Delete($warm)
            $watch = [Diagnostics.Stopwatch]::StartNew()
            Import-Module '{{Engine.Manifest}}'
            $watch.Stop()
            $watch.Elapsed.TotalMilliseconds.ToString('0', [cultureinfo]::InvariantCulture)
            @([AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { $_.GetName().Name -like 'AWSSDK*' }).Count
            """;
        Console.WriteLine($"{Environment.NewLine}Import-Module in a fresh process");
        for (int run = 0; run < 3; run++)
        {
            string[] lines = Engine.RunInNewProcess(script, new Dictionary<string, string>());
            Console.WriteLine($"    {lines[0]} ms, {lines[1]} AWS assemblies loaded");
        }
    }
}
