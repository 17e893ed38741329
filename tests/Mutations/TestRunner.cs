using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Mutations;

/// <summary>Runs tests of an assembly in this process, one after another.</summary>
internal sealed class TestRunner
{
    private readonly XunitTestFramework framework = new(new Nobody());
    private readonly Assembly assembly;
    private readonly Dictionary<string, ITestCase> cases = [];

    /// <summary>Finds the tests.</summary>
    /// <param name="assembly">The assembly that holds them.</param>
    /// <param name="classes">The full names of their classes.</param>
    public TestRunner(Assembly assembly, IEnumerable<string> classes)
    {
        this.assembly = assembly;
        // Not disposed of: the runner lives as long as the process.
        ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
        foreach (string name in classes)
        {
            if (assembly.GetType(name) is null)
                throw new InvalidOperationException($"There is no class {name}.");
            using Listener found = new();
            discoverer.Find(name, includeSourceInformation: false, found, new Options());
            found.Finished.Wait();
            foreach (ITestCase test in found.Found)
                cases[test.UniqueID] = test;
        }
    }

    /// <summary>All tests, by their ids.</summary>
    public IReadOnlyDictionary<string, ITestCase> Cases => cases;

    /// <summary>Runs tests until one fails.</summary>
    /// <returns>The message of the one that failed; null when none did.</returns>
    public string? Run(IEnumerable<ITestCase> tests)
    {
        using Listener listener = new();
        // It knows which of the tests run at the same time: none.
        using ITestFrameworkExecutor executor = framework.GetExecutor(assembly.GetName());
        executor.RunTests(tests, listener, new Options());
        listener.Finished.Wait();
        return listener.Failure;
    }

    private sealed class Nobody : IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message) => true;
    }

    private sealed class Listener : IMessageSink, IDisposable
    {
        public List<ITestCase> Found { get; } = [];

        public string? Failure { get; private set; }

        public ManualResetEventSlim Finished { get; } = new();

        // False stops the run.
        public bool OnMessage(IMessageSinkMessage message)
        {
            switch (message)
            {
                case ITestCaseDiscoveryMessage discovery:
                    Found.Add(discovery.TestCase);
                    break;
                case ITestFailed failed:
                    Failure ??= $"{failed.Test.DisplayName}: {string.Join(' ', failed.Messages)}";
                    break;
                // Of what a class shares, or of its end.
                case IErrorMessage error:
                    Failure ??= string.Join(' ', error.Messages);
                    break;
                case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                    Finished.Set();
                    break;
            }

            return Failure is null;
        }

        public void Dispose() => Finished.Dispose();
    }

    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> values = new()
        {
            ["xunit.execution.DisableParallelization"] = true,
            ["xunit.execution.SynchronousMessageReporting"] = true,
            ["xunit.discovery.SynchronousMessageReporting"] = true,
        };

        public TValue GetValue<TValue>(string name) => values.TryGetValue(name, out object? value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => values[name] = value;
    }
}
