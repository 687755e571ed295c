"""A second implementation of Eqs 4-11, with plain Python loops and the math module only."""
import math


def softmax(row):
    highest = max(row)
    exps = [math.exp(x - highest) for x in row]
    return [e / sum(exps) for e in exps]


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


def similarity(streams):
    """streams: list of M matrices; returns one mean pairwise cosine per row."""
    result = []
    for i in range(len(streams[0])):
        total, pairs = 0.0, 0
        for u in range(len(streams)):
            for v in range(u):
                total += cosine(streams[u][i], streams[v][i])
                pairs += 1
        result.append(total / pairs)
    return result


def cross_entropy(row, label):
    return -math.log(softmax(row)[label])


def loss(streams, fused, labels, alpha):
    result = []
    for i, label in enumerate(labels):
        unimodal = sum(cross_entropy(stream[i], label) for stream in streams)
        result.append((1 - alpha) * cross_entropy(fused[i], label) + alpha * unimodal)
    return result


def min_max(values):
    low, high = min(values), max(values)
    return [(v - low) / (high - low) for v in values]


def score(similarities, losses):
    return [s - x for s, x in zip(min_max(similarities), min_max(losses))]


def first_two_inclusion(probabilities):
    """Probability of each sample to be among the first two draws without replacement."""
    result = []
    for i, p in enumerate(probabilities):
        second = sum(q * p / (1 - q) for j, q in enumerate(probabilities) if j != i)
        result.append(p + second)
    return result
