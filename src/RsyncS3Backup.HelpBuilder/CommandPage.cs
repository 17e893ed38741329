namespace RsyncS3Backup.HelpBuilder;

/// <summary>One command, as its page describes it. Texts are plain paragraphs.</summary>
internal sealed record CommandPage
{
    public required string Name { get; init; }

    public required IReadOnlyList<string> Synopsis { get; init; }

    public required IReadOnlyList<CommandSyntax> Syntax { get; init; }

    public required IReadOnlyList<string> Description { get; init; }

    public required IReadOnlyList<CommandExample> Examples { get; init; }

    public required IReadOnlyList<CommandParameter> Parameters { get; init; }

    public required IReadOnlyList<CommandType> Inputs { get; init; }

    public required IReadOnlyList<CommandType> Outputs { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    public required IReadOnlyList<CommandLink> Links { get; init; }
}

/// <summary>One parameter set, with its parameters in the order of the page's syntax line.</summary>
internal sealed record CommandSyntax(string Name, bool IsDefault, IReadOnlyList<string> ParameterNames, int Line);

internal sealed record CommandExample(string Title, string Code, IReadOnlyList<string> Remarks);

/// <summary>One parameter; a parameter that differs between its sets has several bindings.</summary>
internal sealed record CommandParameter(
    string Name, IReadOnlyList<string> Description, IReadOnlyList<ParameterBinding> Bindings, int Line)
{
    /// <summary>What holds in a parameter set; null when the parameter is not in it.</summary>
    public ParameterBinding? In(string parameterSet) =>
        Bindings.FirstOrDefault(binding => binding.Sets.Contains(parameterSet) || binding.Sets.Contains(ParameterBinding.AllSets));
}

/// <summary>What one yaml block of a parameter says.</summary>
internal sealed record ParameterBinding
{
    public const string AllSets = "(All)";

    public required string Type { get; init; }

    public required IReadOnlyList<string> Sets { get; init; }

    public required IReadOnlyList<string> Aliases { get; init; }

    public required IReadOnlyList<string> AcceptedValues { get; init; }

    public required bool Required { get; init; }

    public required string Position { get; init; }

    public required string DefaultValue { get; init; }

    public required string PipelineInput { get; init; }

    public required bool Wildcards { get; init; }

    public bool IsSwitch => Type == "SwitchParameter";
}

internal sealed record CommandType(string Name, IReadOnlyList<string> Description);

internal sealed record CommandLink(string Text, string Uri);
