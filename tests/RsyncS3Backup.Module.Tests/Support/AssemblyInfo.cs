using Xunit;

// The module's load context, the environment and AWS assemblies in the default context belong to the whole process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
